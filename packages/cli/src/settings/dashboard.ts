type Environment = Record<string, string | undefined>;

const PRODUCTION_API = /^https:\/\/api\.(?:prod\.)?brainpod\.io$/;
const PRODUCTION = 'https://console.brainpod.io';

/**
 * Where people sign in: BRAINPOD_DASHBOARD_ENDPOINT, else the dashboard that belongs to the API. An installation of
 * one's own has its pages at the API's address.
 */
export function dashboardOf(environment: Environment, endpoint: string | null): string {
  const explicit = environment.BRAINPOD_DASHBOARD_ENDPOINT?.trim();
  if (explicit && URL.canParse(explicit)) return explicit.replace(/\/+$/, '');
  if (endpoint === null || !URL.canParse(endpoint) || PRODUCTION_API.test(new URL(endpoint).origin))
    return PRODUCTION;
  return new URL(endpoint).origin;
}
