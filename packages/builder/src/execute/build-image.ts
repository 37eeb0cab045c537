import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BuildError, buildErrorFrom, noDockerfile } from './build-error.ts';
import { type BuildEvent, ProgressReader } from './build-event.ts';

export type RegistryLogin = { registry: string; username: string; password: string };

export type BuildOptions = {
  /** The directory with the source and its Dockerfile. */
  directory: string;
  /** What is used in the place of the directory's own Dockerfile and .dockerignore, where it has none. */
  plan?: { dockerfile: string; dockerignore: string };
  /** The path of the directory's own Dockerfile in it; `Dockerfile` where absent. */
  dockerfile?: string;
  /** The program `buildctl`, and the address of BuildKit: `unix:///run/…` or `tcp://…`. */
  buildctl: string;
  buildkitAddress: string;
  /** Where to push to: the origin of the registry, such as `http://127.0.0.1:4600`. */
  registryEndpoint: string;
  /** `<pod>/<repository>`, without host. */
  repository: string;
  tag: string;
  /** The API key to push with. */
  apiKey: string;
  /** What opens other registries, for FROM. `registry` as a file of Docker's settings names it. */
  logins?: readonly RegistryLogin[];
  /** Files whose content steps may use by `RUN --mount=type=secret`; ids and paths hold neither commas nor quotes. */
  secrets?: readonly { id: string; file: string }[];
  /** Such as `linux/amd64`; left out: BuildKit's own. */
  platform?: string;
  /** The environment for buildctl. */
  environment: Record<string, string | undefined>;
  onEvent: (event: BuildEvent) => void;
  signal?: AbortSignal;
};

/** An image in the registry: `digest` is that of its manifest, `ref` BuildKit's name of the build. */
export type BuiltImage = { repository: string; tag: string; digest: string; ref: string };

const KEPT_LOG_LINES = 20;

/**
 * Builds a directory with its own Dockerfile, or the one of a plan, and pushes the image. `.dockerignore` counts. Throws BuildError with
 * what went wrong and where in the Dockerfile; then nothing was pushed under the tag.
 */
export async function buildImage(options: BuildOptions): Promise<BuiltImage> {
  if (options.plan === undefined && !(await hasDockerfile(options.directory, options.dockerfile)))
    throw noDockerfile('');
  const work = await mkdtemp(join(tmpdir(), 'brainpod-build-'));
  try {
    const metadataFile = join(work, 'metadata.json');
    const refFile = join(work, 'ref');
    const configDir = await writeCredentials(work, options);
    const dockerfileDir = await writePlan(work, options);
    await runBuildctl(
      options,
      buildctlArguments(options, { metadataFile, refFile, dockerfileDir }),
      configDir,
    );
    return {
      repository: options.repository,
      tag: options.tag,
      digest: digestIn(await readFile(metadataFile, 'utf8')),
      ref: (await readFile(refFile, 'utf8')).trim(),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export async function hasDockerfile(directory: string, name = 'Dockerfile'): Promise<boolean> {
  const dockerfile = await stat(join(directory, name)).catch(() => null);
  return dockerfile?.isFile() === true;
}

/** The directory that buildctl reads the Dockerfile from. The source is left as it is. */
async function writePlan(work: string, { plan }: BuildOptions): Promise<string> {
  if (plan === undefined) return '.';
  const directory = join(work, 'plan');
  await mkdir(directory);
  await writeFile(join(directory, 'Dockerfile'), plan.dockerfile);
  await writeFile(join(directory, 'Dockerfile.dockerignore'), plan.dockerignore);
  return directory;
}

/** The key and passwords go to buildctl in a private file: arguments and environment can be seen by others. */
async function writeCredentials(work: string, options: BuildOptions): Promise<string> {
  const directory = join(work, 'docker');
  await mkdir(directory, { mode: 0o700 });
  const own = { registry: new URL(options.registryEndpoint).host, username: 'api', password: options.apiKey };
  // Ours comes last: nothing takes its place.
  const auths = [...(options.logins ?? []), own].map(({ registry, username, password }) => {
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    return [registry, { auth }] as const;
  });
  const config = JSON.stringify({ auths: Object.fromEntries(auths) });
  await writeFile(join(directory, 'config.json'), config, { mode: 0o600 });
  return directory;
}

function buildctlArguments(
  options: BuildOptions,
  { metadataFile, refFile, dockerfileDir }: { metadataFile: string; refFile: string; dockerfileDir: string },
): string[] {
  const endpoint = new URL(options.registryEndpoint);
  const output = ['type=image', `name=${endpoint.host}/${options.repository}:${options.tag}`, 'push=true'];
  if (endpoint.protocol === 'http:') output.push('registry.insecure=true');
  return [
    `--addr=${options.buildkitAddress}`,
    'build',
    '--progress=rawjson',
    '--frontend=dockerfile.v0',
    // The directory is buildctl's own: a path in an argument would be read for commas and equal signs.
    '--local=context=.',
    `--local=dockerfile=${dockerfileDir}`,
    ...(options.plan !== undefined || options.dockerfile === undefined
      ? []
      : [`--opt=filename=${options.dockerfile}`]),
    ...(options.platform === undefined ? [] : [`--opt=platform=${options.platform}`]),
    ...(options.secrets ?? []).map(({ id, file }) => `--secret=id=${id},src=${file}`),
    `--output=${output.join(',')}`,
    `--metadata-file=${metadataFile}`,
    `--ref-file=${refFile}`,
  ];
}

async function runBuildctl(options: BuildOptions, args: string[], configDir: string): Promise<void> {
  const child = spawn(options.buildctl, args, {
    cwd: options.directory,
    env: { ...options.environment, DOCKER_CONFIG: configDir },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const said: string[] = [];
  const logs = new Map<string, string[]>();
  let failedStep: string | null = null;
  const reader = new ProgressReader();
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    const events = reader.read(line);
    if (events === null) said.push(line);
    for (const event of events ?? []) {
      if (event.kind === 'log') remember(logs, event.step, event.line);
      if (event.kind === 'step-failed') failedStep = event.step;
      options.onEvent(event);
    }
  });
  const linesRead = new Promise((resolve) => lines.on('close', resolve));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (error) => reject(startError(error, options)));
    child.on('close', (exitCode) => resolve(exitCode));
  });
  await linesRead;
  if (code === 0) return;
  if (options.signal?.aborted) throw cancelled();
  throw buildErrorFrom(said, logs.get(failedStep ?? '') ?? [], options.buildkitAddress);
}

function remember(logs: Map<string, string[]>, step: string, line: string): void {
  const kept = logs.get(step) ?? [];
  kept.push(line);
  if (kept.length > KEPT_LOG_LINES) kept.shift();
  logs.set(step, kept);
}

function startError(error: Error, options: BuildOptions): BuildError {
  if (options.signal?.aborted) return cancelled();
  const message = `The program that talks to the image builder could not be started (${options.buildctl}).`;
  return new BuildError(message, { kind: 'unreachable' }, error.message);
}

function cancelled(): BuildError {
  return new BuildError('The build was cancelled.', { kind: 'cancelled' }, 'cancelled');
}

function digestIn(metadata: string): string {
  const value: unknown = JSON.parse(metadata);
  const fields = new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  const digest = fields.get('containerimage.digest');
  if (typeof digest === 'string' && digest.startsWith('sha256:')) return digest;
  throw new Error('BuildKit did not say which image it pushed.');
}
