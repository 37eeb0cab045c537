import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/** A Brainpod with directories of its own. What it is told comes through its environment only. */
export type Installation = {
  home: string;
  dataDir: string;
  runDir: string;
  environment: Record<string, string>;
};

export type Outcome = { code: number; stdout: string; stderr: string; seconds: number };

export const ROOT = path.resolve(import.meta.dirname, '..');
const NODE = path.join(ROOT, 'node_modules/.bin/node');

/** An installation under `directory`. The build cache stays the machine's: an engine is built once. */
export function installationIn(directory: string): Installation {
  const home = path.join(directory, 'home');
  const dataDir = path.join(directory, 'data');
  const runDir = path.join(directory, 'run');
  const machineHome = process.env.HOME ?? '/root';
  return {
    home,
    dataDir,
    runDir,
    environment: {
      HOME: home,
      XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(machineHome, '.cache'),
      GOCACHE: process.env.GOCACHE ?? path.join(machineHome, '.cache/go-build'),
      GOMODCACHE: process.env.GOMODCACHE ?? path.join(machineHome, 'go/pkg/mod'),
      BRAINPOD_DATA_DIR: dataDir,
      BRAINPOD_RUN_DIR: runDir,
      // Several tests wait for a deploy to fail in its time.
      BRAINPOD_DEPLOY_TIMEOUT_SECONDS: '45',
      CI: 'true',
      ...handedDown(),
    },
  };
}

/** What e2e/setup.ts has to say of the authority that gives certificates to own domains. */
function handedDown(): Record<string, string> {
  const names = ['BRAINPOD_DNS_SERVERS', 'BRAINPOD_ACME_DIRECTORY', 'BRAINPOD_ACME_CA_FILE'];
  return Object.fromEntries(names.map((name) => [name, process.env[name] ?? '']));
}

/** npm start with these arguments, as a person calls it. */
export function npmStart(installation: Installation, args: readonly string[] = []): Promise<Outcome> {
  return runProgram('node', [path.join(ROOT, 'tools/start.mjs'), ...args], installation.environment);
}

/** The brainpod command. */
export function brainpod(
  installation: Installation,
  args: readonly string[],
  input?: string,
): Promise<Outcome> {
  return runProgram(
    NODE,
    [path.join(ROOT, 'packages/cli/bin/brainpod.mjs'), ...args],
    installation.environment,
    input,
  );
}

/** The brainpod command, whose answer is JSON. Fails when it fails. */
export async function brainpodJson<T>(
  installation: Installation,
  args: readonly string[],
  input?: string,
): Promise<T> {
  const outcome = await brainpod(installation, ['--json', ...args], input);
  if (outcome.code !== 0) throw new Error(`brainpod ${args.join(' ')}: ${outcome.stderr || outcome.stdout}`);
  return JSON.parse(outcome.stdout);
}

/** kubectl as the engine's administrator. */
export async function kubectl(installation: Installation, args: readonly string[]): Promise<string> {
  const binDir = process.env.BRAINPOD_ENGINE_BIN;
  if (!binDir) throw new Error('BRAINPOD_ENGINE_BIN is not set; run npm test');
  const kubeconfig = path.join(installation.runDir, 'engine/admin.kubeconfig');
  const outcome = await runProgram(
    path.join(binDir, 'kube'),
    ['kubectl', `--kubeconfig=${kubeconfig}`, ...args],
    {},
  );
  if (outcome.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${outcome.stderr}`);
  return outcome.stdout;
}

/** Runs a program to its end. Never rejects for an exit code. */
export function runProgram(
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
  input?: string,
): Promise<Outcome> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    // Who ends without reading is judged by its exit code.
    child.stdin?.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') reject(error);
    });
    child.stdin?.end(input ?? '');
    child.once('error', reject);
    child.once('close', (code) =>
      resolve({ code: code ?? 1, stdout, stderr, seconds: (performance.now() - began) / 1000 }),
    );
  });
}

/** Waits until `condition` gives something, looking again and again; fails with `what` after `timeoutMs`. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  condition: () => Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown = null;
  while (performance.now() < deadline) {
    try {
      const found = await condition();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: not within ${timeoutMs / 1000} s`, { cause: last });
}

/** The engine's own account of its components. */
export async function engineComponents(
  installation: Installation,
): Promise<{ name: string; state: string; pid?: number; restarts: number }[]> {
  const text = await readFile(path.join(installation.runDir, 'engine/status.json'), 'utf8');
  return JSON.parse(text).components;
}
