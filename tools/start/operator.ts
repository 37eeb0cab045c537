import { rm } from 'node:fs/promises';
import path from 'node:path';
import { serverEnvironment } from '@brainpod/supervisor/child-environment';
import { jsonObject, optionalString } from '@brainpod/supervisor/json-fields';
import type { Locations } from '@brainpod/supervisor/locations';
import { apiEndpoint, type Settings } from '@brainpod/supervisor/settings';
import { type ConfigFile, readConfigFile, writeConfigFile } from 'brainpod/settings/config-file';
import { runCommand } from './command.ts';
import { createConfig } from './operator-config.ts';

/** Who may do everything here, and where that is kept. */
export type Operator = {
  apiKey: string;
  /** The pod that the config file names. */
  pod: string | undefined;
  /** The file that holds the key: the command line's own, or one beside the data when that is taken. */
  file: string;
  /** What people are to be told, in order. */
  notes: string[];
  /** Puts the pod into the config file, if that was made just now: no other file is changed. */
  rememberPod: (pod: string) => Promise<void>;
};

export type OperatorRequest = {
  root: string;
  settings: Settings;
  locations: Locations;
  /** The command line's config file. */
  configFile: string;
  /** Whether the API takes this key. */
  isAccepted: (key: string) => Promise<boolean>;
};

/**
 * The operator's key: found in a config file of this installation, else made (the first account with it, where
 * there is none) and written to a new file. No file that exists is changed.
 */
export async function ensureOperator(request: OperatorRequest): Promise<Operator> {
  const endpoint = apiEndpoint(request.settings);
  const ownFile = path.join(request.locations.dataDir, 'config.toml');
  for (const file of [request.configFile, ownFile]) {
    const found = await readConfigFile(file);
    if (found.api_token === undefined || found.endpoint !== endpoint) continue;
    if (!(await request.isAccepted(found.api_token))) continue;
    return { apiKey: found.api_token, pod: found.pod, file, notes: [], rememberPod: async () => undefined };
  }
  return await createOperator(request, endpoint, ownFile);
}

async function createOperator(
  request: OperatorRequest,
  endpoint: string,
  ownFile: string,
): Promise<Operator> {
  const { created, secret } = await makeKey(request);
  const config: ConfigFile = { endpoint, registry_endpoint: endpoint, api_token: secret };
  const isFree = await createConfig(request.configFile, config);
  const file = isFree ? request.configFile : ownFile;
  if (!isFree) {
    // The file beside the data is this installation's alone; a key in it that is not accepted is of no use.
    await rm(ownFile, { force: true });
    await createConfig(ownFile, config);
  }
  return {
    apiKey: secret,
    pod: undefined,
    file,
    notes: describeKey(created, secret, file, isFree ? null : request.configFile),
    rememberPod: (pod) => writeConfigFile(file, { ...config, pod }),
  };
}

function describeKey(created: boolean, secret: string, file: string, taken: string | null): string[] {
  const what = created
    ? 'The first account is made; you are its operator.'
    : 'A new API key for the operator is made.';
  const notes = [
    `${what} Its API key, shown this once: ${secret}`,
    `The key is kept in ${file} (readable by you only), where npx brainpod finds it.`,
  ];
  if (taken === null) return notes;
  return [
    notes[0] ?? '',
    `The key is kept in ${file} (readable by you only).`,
    `${taken} is about another installation or holds an old key, and stays as it is.`,
    `To use this installation: export BRAINPOD_CONFIG=${file}`,
  ];
}

async function makeKey(request: OperatorRequest): Promise<{ created: boolean; secret: string }> {
  const { root, settings, locations } = request;
  const script = path.join(root, 'packages', 'server', 'src', 'first-account.ts');
  const output = await runCommand(process.execPath, [script, '--new-key'], {
    cwd: root,
    env: { ...process.env, ...serverEnvironment(settings, locations) },
  });
  const answer = jsonObject(
    JSON.parse(output.trim().split('\n').at(-1) ?? ''),
    'the answer of first-account',
  );
  const secret = optionalString(answer, 'secret');
  if (secret === undefined) {
    throw new Error('The first account was made without a key. Look at: npx brainpod engine logs server');
  }
  return { created: answer.created === true, secret };
}
