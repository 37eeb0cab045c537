// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { engineKeys, finishedBuild } from './engine-key.mjs';
import { envoyBinaryPath } from './envoy-pin.mjs';

/** @typedef {import('./prerequisites.mjs').Probes} Probes */

/**
 * Looks at this machine; changes nothing.
 * @param {{ root: string, cacheDir: string, external: boolean, builds?: boolean, installsPackages?: boolean, environment: NodeJS.ProcessEnv }} where
 * @returns {Probes}
 */
export function probe({ root, cacheDir, external, builds = false, installsPackages = false, environment }) {
  const engineDir = path.join(root, 'engine');
  const platform = `${process.platform}-${process.arch}`;
  const goVersion = probeGo(engineDir);
  // npm ci removes what the lock file does not name, that package among it.
  const packagedKey = installsPackages ? undefined : enginePackage(root)?.key;
  const keys = engineKeys(engineDir, platform);
  const isRoot = process.getuid?.() === 0;
  const engineReady =
    packagedKey === keys.whole || isEngineBuilt(keys, path.join(cacheDir, 'engine'), external, goVersion);
  const wholeEngine =
    packagedKey === keys.whole || isWholeBuilt(keys, path.join(cacheDir, 'engine'), goVersion);
  return {
    mode: external ? 'external' : 'embedded',
    platform,
    isRoot,
    nodeVersion: process.versions.node,
    npm: answers('npm', ['--version'], root),
    aptGet: onPath('apt-get', environment),
    go: goVersion,
    pip: findPip(root) !== null,
    engineReady,
    envoyReady: existsSync(envoyBinaryPath(cacheDir)) || packagedKey === keys.whole,
    buildKit: !external || !builds || (isRoot && wholeEngine) || Boolean(environment.BUILDKIT_HOST?.trim()),
    goNeeded: goNeeded(readFileSync(path.join(engineDir, 'go.mod'), 'utf8')),
  };
}

/**
 * @param {import('./engine-key.mjs').EngineKeys} keys
 * @param {string} cacheDir
 * @param {boolean} external
 * @param {string | null} goVersion
 */
function isEngineBuilt(keys, cacheDir, external, goVersion) {
  if (isWholeBuilt(keys, cacheDir, goVersion)) return true;
  const go = goVersion === null ? null : `go${goVersion}`;
  return external && finishedBuild(cacheDir, 'registry', keys.registry, go) !== null;
}

/**
 * @param {import('./engine-key.mjs').EngineKeys} keys
 * @param {string} cacheDir
 * @param {string | null} goVersion
 */
function isWholeBuilt(keys, cacheDir, goVersion) {
  const go = goVersion === null ? null : `go${goVersion}`;
  return [go, null].some((version) => finishedBuild(cacheDir, 'engine', keys.whole, version) !== null);
}

/**
 * The npm package that holds a built engine, if one is installed.
 * @param {string} root
 * @returns {{ directory: string, key: string, goVersion: string } | null}
 */
export function enginePackage(root) {
  const require = createRequire(path.join(root, 'package.json'));
  let manifest;
  try {
    manifest = require.resolve('@brainpod/engine-linux-x64/package.json');
  } catch (error) {
    // Not installed, which is the usual case.
    if (error instanceof Error && 'code' in error && error.code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
  const { brainpod } = JSON.parse(readFileSync(manifest, 'utf8'));
  if (typeof brainpod?.key !== 'string' || typeof brainpod.goVersion !== 'string') {
    throw new Error(
      `${manifest} does not say which engine it holds. Remove that package: npm uninstall @brainpod/engine-linux-x64`,
    );
  }
  return { directory: path.dirname(manifest), key: brainpod.key, goVersion: brainpod.goVersion };
}

/**
 * The version of Go that would build the engine (Go itself may fetch the one that go.mod names).
 * @param {string} engineDir
 * @returns {string | null} for example 1.26.8
 */
export function probeGo(engineDir) {
  for (const cwd of [engineDir, path.parse(engineDir).root]) {
    const result = spawnSync('go', ['env', 'GOVERSION'], { cwd, encoding: 'utf8' });
    const version = /^go(\d+\.\d+(?:\.\d+)?)/.exec(result.stdout ?? '')?.[1];
    if (result.status === 0 && version !== undefined) return version;
  }
  return null;
}

/**
 * How pip is called here.
 * @param {string} cwd
 * @returns {string[] | null}
 */
export function findPip(cwd) {
  const candidates = [['python3', '-m', 'pip'], ['pip3'], ['pip']];
  return candidates.find(([file = '', ...args]) => answers(file, [...args, '--version'], cwd)) ?? null;
}

/** @param {string} goMod */
function goNeeded(goMod) {
  const version = /^go (\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error('engine/go.mod names no version of Go');
  return version;
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 * @param {string} cwd
 */
function answers(file, args, cwd) {
  return spawnSync(file, args, { cwd, stdio: 'ignore' }).status === 0;
}

/**
 * @param {string} file
 * @param {NodeJS.ProcessEnv} environment
 */
function onPath(file, environment) {
  return (environment.PATH ?? '')
    .split(path.delimiter)
    .some((directory) => directory !== '' && existsSync(path.join(directory, file)));
}
