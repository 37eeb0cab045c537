import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parse, stringify } from 'smol-toml';
import { CliFailure } from '../failure.ts';

/** The keys that a config file may have. */
export const CONFIG_KEYS = [
  'endpoint',
  'registry_endpoint',
  'control_plane_endpoint',
  'api_token',
  'pod',
  'architecture',
] as const;
export type ConfigKey = (typeof CONFIG_KEYS)[number];
export type ConfigFile = Partial<Record<ConfigKey, string>>;

type Environment = Record<string, string | undefined>;

/** Where the config file is, whether it exists or not. */
export function configPath(environment: Environment): string {
  const explicit = present(environment.BRAINPOD_CONFIG);
  if (explicit !== undefined) return explicit;
  const base = present(environment.XDG_CONFIG_HOME) ?? underHome(environment);
  return join(base, 'brainpod', 'config.toml');
}

/** Reads the config file; a file that is not there counts as empty. Throws CliFailure on anything it cannot accept. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return '';
    throw new CliFailure(`The config file ${path} cannot be read: ${messageOf(error)}`, { cause: error });
  });
  return parseConfig(text, path);
}

/** Parses a config file's text. Throws CliFailure naming every fault. */
export function parseConfig(text: string, path: string): ConfigFile {
  let fields: Record<string, unknown>;
  try {
    fields = parse(text);
  } catch (error) {
    throw new CliFailure(`The config file ${path} is not valid TOML: ${messageOf(error)}`, { cause: error });
  }
  const config: ConfigFile = {};
  const faults: string[] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (!isConfigKey(key)) faults.push(`unknown key "${key}" (known: ${CONFIG_KEYS.join(', ')})`);
    else if (typeof value !== 'string') faults.push(`"${key}" must be a text in quotes`);
    else config[key] = value;
  }
  if (faults.length > 0) throw new CliFailure(`The config file ${path} has mistakes: ${faults.join('; ')}`);
  return config;
}

/** Replaces the file as a whole, readable by its owner only. */
export async function writeConfigFile(path: string, config: ConfigFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(stringify(config));
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, 0o600);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw new CliFailure(`The config file ${path} cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

export function isConfigKey(text: string): text is ConfigKey {
  return CONFIG_KEYS.some((key) => key === text);
}

function underHome(environment: Environment): string {
  const home = present(environment.HOME);
  if (home !== undefined) return join(home, '.config');
  throw new CliFailure('HOME is not set, so there is no place for the config file. Set BRAINPOD_CONFIG.');
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
