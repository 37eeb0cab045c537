import type { ConfigFile, ConfigKey } from './config-file.ts';

export type SettingSource = 'flag' | 'environment' | 'config file' | 'default';
export type Setting = { value: string | null; source: SettingSource | null };
export type Settings = Record<ConfigKey, Setting>;

export type GlobalFlags = {
  json?: boolean;
  endpoint?: string;
  apiToken?: string;
  registryEndpoint?: string;
  controlPlaneEndpoint?: string;
  pod?: string;
};

type Environment = Record<string, string | undefined>;

const ENVIRONMENT: Partial<Record<ConfigKey, string>> = {
  endpoint: 'BRAINPOD_API_ENDPOINT',
  registry_endpoint: 'BRAINPOD_REGISTRY_ENDPOINT',
  control_plane_endpoint: 'BRAINPOD_CONTROL_PLANE_ENDPOINT',
  api_token: 'BRAINPOD_API_TOKEN',
  pod: 'BRAINPOD_POD',
};

const DEFAULTS: Partial<Record<ConfigKey, string>> = {
  endpoint: 'https://api.brainpod.io',
  registry_endpoint: 'https://registry.brainpod.io',
  control_plane_endpoint: 'https://control-plane.brainpod.io',
};

/** What counts, and where it comes from: flag before environment before config file before default. */
export function resolveSettings(flags: GlobalFlags, environment: Environment, config: ConfigFile): Settings {
  const flagOf: Partial<Record<ConfigKey, string | undefined>> = {
    endpoint: flags.endpoint,
    registry_endpoint: flags.registryEndpoint,
    control_plane_endpoint: flags.controlPlaneEndpoint,
    api_token: flags.apiToken,
    pod: flags.pod,
  };
  const resolve = (key: ConfigKey): Setting => {
    const variable = ENVIRONMENT[key];
    const candidates: [string | undefined, SettingSource][] = [
      [flagOf[key], 'flag'],
      [variable === undefined ? undefined : environment[variable], 'environment'],
      [config[key], 'config file'],
      [DEFAULTS[key], 'default'],
    ];
    for (const [value, source] of candidates) {
      if (value !== undefined && value.trim() !== '') return { value: value.trim(), source };
    }
    return { value: null, source: null };
  };
  return {
    endpoint: resolve('endpoint'),
    registry_endpoint: resolve('registry_endpoint'),
    control_plane_endpoint: resolve('control_plane_endpoint'),
    api_token: resolve('api_token'),
    pod: resolve('pod'),
    architecture: resolve('architecture'),
  };
}
