import { spawn } from 'node:child_process';
import { isRecord } from './kube-object.ts';

/** A kubeconfig's `exec` entry: a program that hands out short-lived credentials. */
export type ExecConfig = {
  apiVersion: string;
  command: string;
  args: string[];
  env: { name: string; value: string }[];
  provideClusterInfo: boolean;
};

export type ExecCredential = { token?: string; cert?: string; key?: string; expiresAt?: Date };

export type ExecCluster = { server: string; caPem?: string };

/**
 * Runs the program once, with `environment` and what the kubeconfig adds to it.
 * Throws an Error that carries what the program wrote to its standard error.
 */
export async function runExecCredential(
  config: ExecConfig,
  cluster: ExecCluster,
  environment: NodeJS.ProcessEnv,
): Promise<ExecCredential> {
  const info = {
    apiVersion: config.apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(config.provideClusterInfo
        ? {
            cluster: {
              server: cluster.server,
              ...(cluster.caPem === undefined
                ? {}
                : { 'certificate-authority-data': Buffer.from(cluster.caPem).toString('base64') }),
            },
          }
        : {}),
    },
  };
  const env: NodeJS.ProcessEnv = { ...environment, KUBERNETES_EXEC_INFO: JSON.stringify(info) };
  for (const { name, value } of config.env) env[name] = value;
  return parseExecCredential(await runProgram(config, env), config.command);
}

function runProgram(config: ExecConfig, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(config.command, config.args, {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    const output: Buffer[] = [];
    const complaints: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    child.on('error', (cause) => {
      reject(
        new Error(
          `the kubeconfig asks for the program "${config.command}" to sign in, which could not be started. Install it, or use a kubeconfig without it.`,
          { cause },
        ),
      );
    });
    child.on('close', (code) => {
      if (code === 0) return resolve(Buffer.concat(output).toString('utf8'));
      const text = Buffer.concat(complaints).toString('utf8').trim().slice(0, 500);
      reject(
        new Error(`"${config.command}" from the kubeconfig could not sign in (exit code ${code}): ${text}`),
      );
    });
  });
}

/** Reads what such a program prints. */
export function parseExecCredential(text: string, command: string): ExecCredential {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Error(`"${command}" from the kubeconfig printed something that is not JSON`, { cause });
  }
  const status = isRecord(value) ? value.status : undefined;
  if (!isRecord(status)) throw new Error(`"${command}" from the kubeconfig printed no credentials`);
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status;
  const expiresAt = typeof expirationTimestamp === 'string' ? new Date(expirationTimestamp) : undefined;
  return {
    ...(typeof token === 'string' ? { token } : {}),
    ...(typeof clientCertificateData === 'string' ? { cert: clientCertificateData } : {}),
    ...(typeof clientKeyData === 'string' ? { key: clientKeyData } : {}),
    ...(expiresAt !== undefined && !Number.isNaN(expiresAt.getTime()) ? { expiresAt } : {}),
  };
}
