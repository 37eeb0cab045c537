import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installationIn, type Outcome, ROOT, runProgram, until } from './brainpod.ts';

/**
 * npm start --kubeconfig against a Kubernetes that knows nothing of Brainpod: a second, bare engine with a
 * GatewayClass of another name, and a BuildKit as its owner would run one. All in a network namespace of its own.
 */
const directory = path.join(required('BRAINPOD_TEST_DIR'), 'second');
const namespace = required('BRAINPOD_TEST_SECOND_NAMESPACE');
const binDir = required('BRAINPOD_ENGINE_BIN');
const installation = installationIn(path.join(directory, 'brainpod'));
const engineConfig = path.join(directory, 'engine.json');
const buildkitSocket = path.join(directory, 'buildkit/buildkitd.sock');
const children: ChildProcess[] = [];

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; the end-to-end tests are run by npm test`);
  return value;
}

function inside(command: string, args: readonly string[]): [string, string[]] {
  return ['nsenter', [`--net=/run/netns/${namespace}`, '--', command, ...args]];
}

function runInside(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<Outcome> {
  return runProgram(...inside(command, args), environment);
}

function keepRunning(command: string, args: readonly string[]): void {
  const child = spawn(...inside(command, args), { stdio: 'ignore' });
  children.push(child);
}

function npmStart(args: readonly string[]): Promise<Outcome> {
  return runInside('node', [path.join(ROOT, 'tools/start.mjs'), ...args], {
    ...installation.environment,
    BUILDKIT_HOST: `unix://${buildkitSocket}`,
    // The node's own address, where instances reach it.
    BRAINPOD_BUILD_REGISTRY: '10.244.255.1:4601',
  });
}

async function writeStaticApp(): Promise<string> {
  const folder = path.join(directory, 'static-app');
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'main.go'),
    `package main

import (
	"fmt"
	"net/http"
)

func main() {
	http.ListenAndServe(":8080", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "from another cluster")
	}))
}
`,
  );
  const built = await runProgram(
    'go',
    ['build', '-trimpath', '-o', path.join(folder, 'app'), path.join(folder, 'main.go')],
    {
      CGO_ENABLED: '0',
      GOFLAGS: '-mod=mod',
    },
  );
  if (built.code !== 0) throw new Error(built.stderr);
  await writeFile(
    path.join(folder, 'Dockerfile'),
    'FROM scratch\nCOPY app /app\nUSER 1000\nEXPOSE 8080\nCMD ["/app"]\n',
  );
  return folder;
}

beforeAll(async () => {
  await tearDown();
  await mkdir(path.join(directory, 'buildkit'), { recursive: true });
  await mkdir(installation.home, { recursive: true });
  await writeFile(
    engineConfig,
    JSON.stringify({
      name: 'brainpod-second',
      profile: 'bare',
      dataDir: path.join(directory, 'engine/data'),
      runDir: path.join(directory, 'engine/run'),
      binDir,
      envoyBinary: required('BRAINPOD_ENVOY_BINARY'),
      gatewayClass: 'somebody-elses',
      registryHosts: { 'registry.brainpod.localhost': 'http://127.0.0.1:4600' },
    }),
  );
  keepRunning(path.join(binDir, 'engine'), ['run', '--config', engineConfig]);
  keepRunning(path.join(binDir, 'buildkitd'), [
    '--addr',
    `unix://${buildkitSocket}`,
    '--root',
    path.join(directory, 'buildkit/root'),
  ]);
  await until('the second cluster is ready', 120_000, async () => {
    const status = JSON.parse(await readFile(path.join(directory, 'engine/run/status.json'), 'utf8'));
    return status.ready === true;
  });
});

afterAll(tearDown);

async function tearDown(): Promise<void> {
  const down = await runInside(
    path.join(ROOT, 'node_modules/.bin/node'),
    [path.join(ROOT, 'packages/cli/bin/brainpod.mjs'), 'engine', 'down'],
    installation.environment,
  );
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(
    children.map(
      (child) => child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.once('close', resolve)),
    ),
  );
  children.length = 0;
  await runInside(path.join(binDir, 'engine'), ['teardown', '--config', engineConfig], {});
  await rm(directory, { recursive: true, force: true });
  if (down.code !== 0) throw new Error(down.stderr);
}

const kubeconfig = path.join(directory, 'engine/run/admin.kubeconfig');

describe('npm start --kubeconfig', () => {
  it('names what the cluster lacks, and which GatewayClass there is, before anything is started', async () => {
    const outcome = await npmStart(['--kubeconfig', kubeconfig, '--gateway-class', 'nobodys']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr + outcome.stdout).toContain('somebody-elses');
    await expect(readFile(path.join(installation.runDir, 'supervisor.pid'))).rejects.toThrow('ENOENT');
  });

  it('runs a folder on that cluster, and builds no engine', async () => {
    const folder = await writeStaticApp();
    const outcome = await npmStart([
      '--kubeconfig',
      kubeconfig,
      '--gateway-class',
      'somebody-elses',
      '--app',
      folder,
    ]);
    expect(outcome.stderr).toBe('');
    expect(outcome.code).toBe(0);
    const line = outcome.stdout.split('\n').find((candidate) => candidate.includes('curl --cacert')) ?? '';
    const [command = '', ...args] = line.trim().split(/\s+/);
    const answer = await runInside(command, ['-sS', '-m', '10', ...args], {});
    expect(answer).toMatchObject({ code: 0, stdout: 'from another cluster', stderr: '' });
    const status = JSON.parse(await readFile(path.join(installation.runDir, 'status.json'), 'utf8')) as {
      processes: { name: string }[];
    };
    expect(status.processes.map(({ name }) => name)).not.toContain('engine');
  });

  it('builds a folder on that cluster, which it reaches through the cluster’s API only', async () => {
    const folder = await writeStaticApp();
    const cli = (args: readonly string[]) =>
      runInside(
        path.join(ROOT, 'node_modules/.bin/node'),
        [path.join(ROOT, 'packages/cli/bin/brainpod.mjs'), '--json', ...args],
        installation.environment,
      );
    const [pod] = JSON.parse((await cli(['pod', 'list'])).stdout) as { name: string }[];
    const built = await cli(['--pod', pod?.name ?? '', 'image', 'build', 'built', folder]);
    expect(built.stderr).toBe('');
    expect(built.code).toBe(0);
    const { digest } = JSON.parse(built.stdout) as { digest: string };
    const inspected = await cli(['--pod', pod?.name ?? '', 'image', 'inspect', 'built', 'latest']);
    expect(inspected.stdout).toContain(digest);
  });
});
