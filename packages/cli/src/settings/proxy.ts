import { setGlobalProxyFromEnv } from 'node:http';
import { CliFailure } from '../failure.ts';

type Environment = Record<string, string | undefined>;

/** Never by a proxy, which would look for them on its own machine. */
const OWN_MACHINE = ['localhost', '.localhost', '127.0.0.1', '[::1]'];

/**
 * Lets all requests of this program go by the system's proxies: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in capitals or
 * not. Throws CliFailure where they cannot be understood.
 */
export function useSystemProxies(environment: Environment): void {
  const value = (name: string) => environment[name.toLowerCase()]?.trim() || environment[name]?.trim();
  const [http, https, except] = [value('HTTP_PROXY'), value('HTTPS_PROXY'), value('NO_PROXY')];
  if (http === undefined && https === undefined) return;
  try {
    setGlobalProxyFromEnv({
      ...(http === undefined ? {} : { http_proxy: http }),
      ...(https === undefined ? {} : { https_proxy: https }),
      no_proxy: [...(except === undefined ? [] : [except]), ...OWN_MACHINE].join(','),
    });
  } catch (cause) {
    const told = [http, https].filter((each) => each !== undefined).join('" and "');
    throw new CliFailure(`The system's proxy "${told}" is not a URL.`, {
      cause,
      advice: 'Look at HTTP_PROXY and HTTPS_PROXY in your environment.',
    });
  }
}
