import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const START_TIMEOUT_MS = 30_000;

export type RunningBuildkit = { address: string; stop(): Promise<void> };

export type BuildkitOptions = {
  /** Where images of Docker Hub are looked for first, such as `127.0.0.1:4650/docker.io`. */
  mirror?: string;
  /** What runs steps instead of runc. */
  runc?: string;
  environment?: Record<string, string>;
};

/** Starts a real BuildKit of the caller's own. Needs root, runc and the program `buildkitd`. */
export async function startBuildkit(
  buildkitd: string,
  { mirror, runc, environment = {} }: BuildkitOptions = {},
): Promise<RunningBuildkit> {
  const directory = await mkdtemp(join(tmpdir(), 'brainpod-buildkit-'));
  const socket = join(directory, 'buildkitd.sock');
  const config = join(directory, 'buildkitd.toml');
  await writeFile(
    config,
    [
      `root = "${join(directory, 'root')}"`,
      '[grpc]',
      `  address = ["unix://${socket}"]`,
      '[worker.oci]',
      '  enabled = true',
      '  networkMode = "host"',
      ...(runc === undefined ? [] : [`  binary = "${runc}"`]),
      '[worker.containerd]',
      '  enabled = false',
      ...(mirror === undefined ? [] : mirrorOfDockerHub(mirror)),
    ].join('\n'),
  );
  const child = spawn(buildkitd, ['--config', config], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const log: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text));
  const exited = once(child, 'exit');
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await answers(socket))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`BuildKit did not start:\n${log.join('')}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    address: `unix://${socket}`,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function mirrorOfDockerHub(mirror: string): string[] {
  const [host] = mirror.split('/');
  return ['[registry."docker.io"]', `  mirrors = ["${mirror}"]`, `[registry."${host}"]`, '  http = true'];
}

async function answers(socket: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const connection = connect(socket);
    connection.on('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.on('error', () => resolve(false));
  });
}
