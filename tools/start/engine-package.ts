import { chmod, copyFile, cp, link, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './command.ts';
import { buildName, engineKeys, finishedBuild } from './engine-key.mjs';
import { flush, isFile, moveInto } from './envoy.ts';
import { envoyBinaryPath } from './envoy-pin.mjs';
import { enginePackage } from './probes.mjs';

const PACKAGE_NAME = '@brainpod/engine-linux-x64';

type Places = { root: string; cacheDir: string };

/**
 * Takes the engine out of the installed npm package into the cache (an `npm ci` would remove the package under a
 * running engine), when it was built from these very sources. Returns the folder of the programs, else null.
 */
export async function adoptEnginePackage(
  { root, cacheDir }: Places,
  detail: (text: string) => void,
): Promise<string | null> {
  const found = enginePackage(root);
  const { whole } = engineKeys(path.join(root, 'engine'), `${process.platform}-${process.arch}`);
  if (found === null) return null;
  if (found.key !== whole) {
    detail(`the installed ${PACKAGE_NAME} is of other sources and is not used`);
    return null;
  }
  const cache = path.join(cacheDir, 'engine');
  const ready = finishedBuild(cache, 'engine', whole, found.goVersion);
  if (ready !== null) return path.join(ready, 'bin');
  detail(`taking the engine from ${PACKAGE_NAME}`);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(path.join(cache, '.package-'));
  try {
    await copyPrograms(path.join(found.directory, 'bin'), path.join(work, 'bin'));
    const target = path.join(cache, buildName('engine', whole, found.goVersion));
    await adoptEnvoy(path.join(found.directory, 'envoy', 'envoy'), cacheDir);
    await link(path.join(work, 'bin', 'kube'), path.join(work, 'bin', 'kubectl'));
    await moveInto(work, target);
    return path.join(target, 'bin');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function copyPrograms(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) {
      await copyPrograms(source, target);
      continue;
    }
    await copyFile(source, target);
    if (path.basename(to) === 'bin') await chmod(target, 0o755);
    await flush(target);
  }
}

async function adoptEnvoy(source: string, cacheDir: string): Promise<void> {
  const target = envoyBinaryPath(cacheDir);
  if (await isFile(target)) return;
  await mkdir(path.dirname(target), { recursive: true });
  const temporary = `${target}.${process.pid}`;
  await copyFile(source, temporary);
  await chmod(temporary, 0o755);
  await flush(temporary);
  await rename(temporary, target);
}

/**
 * Makes the npm package out of a finished build and Envoy.
 * @returns the tarball's path
 */
export async function packEngine(
  { root, cacheDir }: Places,
  goVersion: string,
  outputDir: string,
): Promise<string> {
  const { whole } = engineKeys(path.join(root, 'engine'), `${process.platform}-${process.arch}`);
  const build = finishedBuild(path.join(cacheDir, 'engine'), 'engine', whole, goVersion);
  if (build === null) throw new Error('The engine of these sources is not built yet. Run npm start first.');
  const work = await mkdtemp(path.join(cacheDir, '.pack-'));
  try {
    await cp(path.join(build, 'bin'), path.join(work, 'bin'), { recursive: true });
    // A second name for kube; npm would pack its 160 MB twice.
    await rm(path.join(work, 'bin', 'kubectl'), { force: true });
    await mkdir(path.join(work, 'envoy'));
    await copyFile(envoyBinaryPath(cacheDir), path.join(work, 'envoy', 'envoy'));
    await writeFile(
      path.join(work, 'package.json'),
      `${JSON.stringify(engineManifest(whole, goVersion), null, 2)}\n`,
    );
    await mkdir(outputDir, { recursive: true });
    const listing = await runCommand('npm', ['pack', '--json', '--pack-destination', outputDir], {
      cwd: work,
    });
    return path.join(outputDir, tarballName(listing));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The package's package.json. Its version comes from what it was built of, so that equal sources are equal versions. */
function engineManifest(key: string, goVersion: string): Record<string, unknown> {
  return {
    name: PACKAGE_NAME,
    version: `0.1.0-${key}`,
    description:
      'The Brainpod engine for Linux on x86-64: Kubernetes and all it needs, built from pinned modules',
    license: 'UNLICENSED',
    os: ['linux'],
    cpu: ['x64'],
    files: ['bin', 'envoy'],
    brainpod: { key, goVersion },
  };
}

function tarballName(listing: string): string {
  const filename = /"filename":\s*"([^"]+)"/.exec(listing)?.[1];
  if (filename === undefined) throw new Error('npm pack ended well but named no file.');
  // npm names a scoped package with the scope in the file name, without the slash.
  return filename.replace(/^@/, '').replace('/', '-');
}
