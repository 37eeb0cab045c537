import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parse } from 'smol-toml';

/** The running Brainpod that is measured. */
export type Bench = {
  dataDir: string;
  runDir: string;
  /** The multi-call Kubernetes binary, and a kubeconfig of the cluster's administrator. */
  kube: string;
  kubeconfig: string;
  authorityPem: string;
  domain: string;
  /** Where the API and the registry's front answer, and the operator's key. */
  endpoint: string;
  token: string;
  /** Calls the API with the operator's key; throws on any answer but 2xx. */
  api<T>(method: string, url: string, body?: unknown): Promise<T>;
};

/** Finds the Brainpod of this machine by the environment it was started with. */
export async function openBench(environment: NodeJS.ProcessEnv = process.env): Promise<Bench> {
  const dataDir = environment.BRAINPOD_DATA_DIR ?? '/var/lib/brainpod';
  const runDir = environment.BRAINPOD_RUN_DIR ?? '/run/brainpod';
  const configFile =
    environment.BRAINPOD_CONFIG ??
    path.join(
      environment.XDG_CONFIG_HOME ?? path.join(environment.HOME ?? homedir(), '.config'),
      'brainpod/config.toml',
    );
  const config = parse(await readFile(configFile, 'utf8'));
  const [endpoint, token] = [String(config.endpoint), String(config.api_token)];
  const binaries = JSON.parse(await readFile(path.join(dataDir, 'engine/bin.json'), 'utf8')) as {
    binDir: string;
  };
  const status = (await (await fetch(`${endpoint}/status.json`)).json()) as { domain: string };
  return {
    dataDir,
    runDir,
    kube: path.join(binaries.binDir, 'kube'),
    kubeconfig: path.join(runDir, 'engine/admin.kubeconfig'),
    authorityPem: await readFile(path.join(dataDir, 'server/ca.crt'), 'utf8'),
    domain: status.domain,
    endpoint,
    token,
    async api(method, url, body) {
      const response = await fetch(`${endpoint}${url}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
      return JSON.parse(text);
    },
  };
}
