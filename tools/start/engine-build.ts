import { link, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pause } from '@brainpod/supervisor/wait';
import { withBuildLock } from './build-lock.ts';
import { BuildTracker, type Part, partSeconds } from './build-tracker.ts';
import { CommandFailed, runCommand } from './command.ts';
import type { Durations } from './durations.ts';
import {
  BUILD_FLAGS,
  buildName,
  COMPONENTS,
  engineKeys,
  finishedBuild,
  ownCommands,
  REGISTRY_COMPONENTS,
} from './engine-key.mjs';
import { flush, moveInto } from './envoy.ts';
import { enginePackage } from './probes.mjs';

export type BuildOptions = {
  root: string;
  cacheDir: string;
  /** The Go that builds (1.26.8), null when there is none: only a finished build can be used then. */
  goVersion: string | null;
  durations: Durations;
  detail: (text: string) => void;
  remaining: (seconds: number) => void;
};

/** Modules whose files, not programs, go into the engine. */
const MANIFEST_MODULES = ['sigs.k8s.io/gateway-api', 'github.com/envoyproxy/gateway'];

/**
 * The folder with all of the engine's programs, built where it is not in the cache yet. Other people's programs and
 * ours are kept apart, so that a change in our code builds only ours; the folder holds links to both.
 */
export async function ensureEngineBuild(options: BuildOptions): Promise<string> {
  const engineDir = path.join(options.root, 'engine');
  const cache = path.join(options.cacheDir, 'engine');
  const keys = engineKeys(engineDir, `${process.platform}-${process.arch}`);
  const whole =
    finishedBuild(cache, 'engine', keys.whole, goName(options)) ?? anyGo(options, cache, keys.whole);
  if (whole !== null) return path.join(whole, 'bin');
  return await withBuildLock(cache, options.detail, async () => {
    const own = ownCommands(engineDir).map((name) => ({ binary: name, package: `./cmd/${name}` }));
    const tracker = new BuildTracker([...COMPONENTS, ...own], options);
    const components = await ensureParts({
      options,
      cache,
      kind: 'components',
      key: keys.components,
      parts: COMPONENTS,
      tracker,
    });
    const ours = await ensureParts({
      options,
      cache,
      kind: 'own',
      key: keys.own,
      parts: own,
      tracker,
      finish: buildManifests,
    });
    const name = buildName('engine', keys.whole, requireGo(options));
    return path.join(await assemble(cache, name, [components, ours]), 'bin');
  });
}

/**
 * What providing the engine is expected to take, in seconds: nothing where it is in the cache, little where only
 * our own part has to be built.
 */
export function estimateEngineBuild(
  options: Pick<BuildOptions, 'root' | 'cacheDir' | 'goVersion' | 'durations'>,
): number {
  const engineDir = path.join(options.root, 'engine');
  const cache = path.join(options.cacheDir, 'engine');
  const keys = engineKeys(engineDir, `${process.platform}-${process.arch}`);
  const go = goName(options);
  const isPackaged = enginePackage(options.root)?.key === keys.whole;
  if (isPackaged || finishedBuild(cache, 'engine', keys.whole, go) !== null) return 2;
  const own = ownCommands(engineDir).map((name) => ({ binary: name, package: `./cmd/${name}` }));
  const parts =
    finishedBuild(cache, 'components', keys.components, go) === null ? [...COMPONENTS, ...own] : own;
  return parts.reduce((sum, part) => sum + partSeconds(part, options.durations), 0);
}

/** The same for the registry alone. */
export function estimateRegistryBuild(
  options: Pick<BuildOptions, 'root' | 'cacheDir' | 'goVersion' | 'durations'>,
): number {
  const cache = path.join(options.cacheDir, 'engine');
  const keys = engineKeys(path.join(options.root, 'engine'), `${process.platform}-${process.arch}`);
  const go = goName(options);
  const ready =
    finishedBuild(cache, 'engine', keys.whole, go) ?? finishedBuild(cache, 'registry', keys.registry, go);
  if (ready !== null) return 2;
  return REGISTRY_COMPONENTS.reduce((sum, part) => sum + partSeconds(part, options.durations), 0);
}

/** The folder with the registry alone, which is all that an existing cluster needs. A whole engine serves too. */
export async function ensureRegistryBuild(options: BuildOptions): Promise<string> {
  const cache = path.join(options.cacheDir, 'engine');
  const keys = engineKeys(path.join(options.root, 'engine'), `${process.platform}-${process.arch}`);
  const go = goName(options);
  const ready =
    finishedBuild(cache, 'engine', keys.whole, go) ?? finishedBuild(cache, 'registry', keys.registry, go);
  if (ready !== null) return path.join(ready, 'bin');
  return await withBuildLock(cache, options.detail, async () => {
    const tracker = new BuildTracker(REGISTRY_COMPONENTS, options);
    const built = await ensureParts({
      options,
      cache,
      kind: 'registry',
      key: keys.registry,
      parts: REGISTRY_COMPONENTS,
      tracker,
    });
    return path.join(built, 'bin');
  });
}

function goName({ goVersion }: { goVersion: string | null }): string | null {
  return goVersion === null ? null : `go${goVersion}`;
}

function anyGo(options: BuildOptions, cache: string, key: string): string | null {
  return options.goVersion === null ? finishedBuild(cache, 'engine', key, null) : null;
}

function requireGo(options: BuildOptions): string {
  const name = goName(options);
  if (name === null)
    throw new Error(
      'The engine has to be built and Go is not installed. npm start names the command that installs it.',
    );
  return name;
}

type PartsRequest = {
  options: BuildOptions;
  cache: string;
  kind: string;
  key: string;
  parts: readonly Part[];
  tracker: BuildTracker;
  finish?: (options: BuildOptions, binDir: string) => Promise<void>;
};

/** Builds parts into a folder of their own, which gets its name when all of it is on disk. */
async function ensureParts(request: PartsRequest): Promise<string> {
  const { options, cache, kind, key, parts, tracker } = request;
  const go = requireGo(options);
  const ready = finishedBuild(cache, kind, key, go);
  if (ready !== null) {
    tracker.skip(parts);
    return ready;
  }
  const work = await mkdtemp(path.join(cache, `.${kind}-`));
  try {
    const binDir = path.join(work, 'bin');
    await mkdir(binDir);
    for (const part of parts) {
      await tracker.build(part, (onLine) => buildPart(options, part, path.join(binDir, part.binary), onLine));
      await flush(path.join(binDir, part.binary));
    }
    await request.finish?.(options, binDir);
    const target = path.join(cache, buildName(kind, key, go));
    await flush(binDir);
    await moveInto(work, target);
    await flush(cache);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function buildPart(
  options: BuildOptions,
  part: Part,
  output: string,
  onLine: (line: string) => void,
): Promise<void> {
  await go(
    options,
    ['build', ...BUILD_FLAGS, '-v', '-o', output, part.package],
    `build ${part.binary}`,
    onLine,
  );
}

async function buildManifests(options: BuildOptions, binDir: string): Promise<void> {
  options.detail('kinds of the Gateway API');
  await go(options, ['mod', 'download', ...MANIFEST_MODULES], 'fetch the Gateway API', () => undefined);
  const target = path.join(binDir, 'manifests');
  await go(
    options,
    ['run', ...BUILD_FLAGS, './cmd/manifests', target],
    'collect the Gateway API',
    () => undefined,
  );
  for (const file of await readdir(target)) await flush(path.join(target, file));
}

const NETWORK_TROUBLE =
  /dial tcp|i\/o timeout|TLS handshake|connection re(set|fused)|unexpected EOF|no such host|\b50[234]\b/i;
const ATTEMPTS = 3;

async function go(
  options: BuildOptions,
  args: readonly string[],
  what: string,
  onLine: (line: string) => void,
): Promise<void> {
  const cwd = path.join(options.root, 'engine');
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
  for (let attempt = 1; ; attempt += 1) {
    try {
      await runCommand('go', args, { cwd, env, onLine });
      return;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (NETWORK_TROUBLE.test(error.output) && attempt < ATTEMPTS) {
        options.detail(`the network failed, attempt ${attempt + 1} of ${ATTEMPTS}`);
        await pause(5000);
        continue;
      }
      const advice = NETWORK_TROUBLE.test(error.output)
        ? 'The network failed. What is built is kept: run npm start again.'
        : 'This is Go’s own message; the modules are pinned, so look at the Go installation and the space on the disk.';
      throw new Error(`Could not ${what}. ${advice}\n${error.output}`, { cause: error });
    }
  }
}

/** One folder with links to all that was built. */
async function assemble(cache: string, name: string, sources: readonly string[]): Promise<string> {
  const work = await mkdtemp(path.join(cache, '.engine-'));
  try {
    for (const source of sources) await linkAll(path.join(source, 'bin'), path.join(work, 'bin'));
    await link(path.join(work, 'bin', 'kube'), path.join(work, 'bin', 'kubectl'));
    await writeFile(
      path.join(work, 'build.json'),
      `${JSON.stringify({ name, platform: `${process.platform}-${process.arch}` })}\n`,
    );
    const target = path.join(cache, name);
    await moveInto(work, target);
    await flush(cache);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Makes a folder with the same files (hard links: the same bytes on disk). */
async function linkAll(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) await linkAll(source, target);
    else await link(source, target);
  }
}
