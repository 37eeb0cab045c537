// @ts-check
// Runs on Node 20 with nothing installed: no imports but Node's own.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const KUBERNETES_VERSION = 'v1.37.2';
const [MAJOR = '', MINOR = ''] = KUBERNETES_VERSION.slice(1).split('.');
const VERSION_PACKAGE = 'k8s.io/component-base/version';

/** The flags of every `go build`. They are part of the key: other flags, other binaries. */
export const BUILD_FLAGS = [
  '-trimpath',
  '-buildvcs=false',
  '-ldflags',
  [
    '-s -w',
    `-X ${VERSION_PACKAGE}.gitVersion=${KUBERNETES_VERSION}`,
    `-X ${VERSION_PACKAGE}.gitMajor=${MAJOR}`,
    `-X ${VERSION_PACKAGE}.gitMinor=${MINOR}`,
    `-X k8s.io/client-go/pkg/version.gitVersion=${KUBERNETES_VERSION}`,
  ].join(' '),
];

/** The parts that are other people's programs, built from pinned modules, with the name of each binary. */
export const COMPONENTS = [
  { binary: 'kube', package: './cmd/kube' },
  { binary: 'containerd', package: 'github.com/containerd/containerd/v2/cmd/containerd' },
  {
    binary: 'containerd-shim-runc-v2',
    package: 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
  },
  { binary: 'ctr', package: 'github.com/containerd/containerd/v2/cmd/ctr' },
  { binary: 'registry', package: 'github.com/distribution/distribution/v3/cmd/registry' },
  { binary: 'buildkitd', package: 'github.com/moby/buildkit/cmd/buildkitd' },
  { binary: 'buildctl', package: 'github.com/moby/buildkit/cmd/buildctl' },
  { binary: 'coredns', package: 'github.com/coredns/coredns' },
  { binary: 'metrics-server', package: 'sigs.k8s.io/metrics-server/cmd/metrics-server' },
  { binary: 'envoy-gateway', package: 'github.com/envoyproxy/gateway/cmd/envoy-gateway' },
];

/** What an existing cluster needs beside the server. */
export const REGISTRY_COMPONENTS = COMPONENTS.filter(({ binary }) =>
  ['registry', 'buildctl'].includes(binary),
);

/**
 * Names for what is built, from what it is built of. `components` changes with the pinned modules, `own` with our
 * Go code, so that a change of ours does not rebuild Kubernetes; `whole` with either. Where Go is not installed
 * `goVersion` is null: a finished build for any Go of these sources serves then.
 * @typedef {{ components: string, own: string, registry: string, whole: string }} EngineKeys
 */

/**
 * @param {string} engineDir the folder engine/
 * @param {string} platform for example linux-x64
 * @returns {EngineKeys} without the version of Go
 */
export function engineKeys(engineDir, platform) {
  const modules = [platform, ...BUILD_FLAGS, ...fingerprint(engineDir, ['go.mod', 'go.sum'])];
  const kube = filesBelow(engineDir, 'cmd/kube');
  const own = filesBelow(engineDir, '').filter((file) => !file.startsWith('cmd/kube/'));
  const componentLines = [
    ...modules,
    ...fingerprint(engineDir, kube),
    ...COMPONENTS.map((part) => part.package),
  ];
  const ownLines = [...modules, ...fingerprint(engineDir, own)];
  const registryLines = [...modules, ...REGISTRY_COMPONENTS.map((part) => part.package)];
  return {
    components: digest(componentLines),
    own: digest(ownLines),
    registry: digest(registryLines),
    whole: digest([...componentLines, ...ownLines]),
  };
}

/**
 * Our own commands: every folder of engine/cmd that holds a program to ship. `kube` is among the components;
 * `manifests` only runs while building.
 * @param {string} engineDir
 * @returns {string[]}
 */
export function ownCommands(engineDir) {
  return readdirSync(path.join(engineDir, 'cmd'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['kube', 'manifests'].includes(entry.name))
    .map((entry) => entry.name)
    .filter((name) => readdirSync(path.join(engineDir, 'cmd', name)).some((file) => file.endsWith('.go')))
    .sort();
}

/**
 * The finished build of these sources in the cache: for this Go, or for any when Go is not known.
 * @param {string} cacheDir
 * @param {string} kind a part of EngineKeys
 * @param {string} key
 * @param {string | null} goVersion
 * @returns {string | null} its folder
 */
export function finishedBuild(cacheDir, kind, key, goVersion) {
  if (goVersion !== null) {
    const exact = path.join(cacheDir, buildName(kind, key, goVersion));
    return existsSync(exact) ? exact : null;
  }
  if (!existsSync(cacheDir)) return null;
  const prefix = buildName(kind, key, '');
  const found = readdirSync(cacheDir)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .at(-1);
  return found === undefined ? null : path.join(cacheDir, found);
}

/**
 * @param {string} kind
 * @param {string} key
 * @param {string} goVersion
 */
export function buildName(kind, key, goVersion) {
  return `${kind}-${key}-${goVersion}`;
}

/**
 * Where builds are kept: XDG_CACHE_HOME or ~/.cache.
 * @param {Record<string, string | undefined>} environment
 * @param {string} home
 */
export function cacheDirectory(environment, home) {
  return path.join(environment.XDG_CACHE_HOME?.trim() || path.join(home, '.cache'), 'brainpod');
}

/**
 * @param {string} directory
 * @param {readonly string[]} files
 * @returns {string[]} a line for each file: its path and the hash of its content
 */
function fingerprint(directory, files) {
  return [...files]
    .sort()
    .map((file) => `${file} ${digest([readFileSync(path.join(directory, file), 'utf8')])}`);
}

/**
 * @param {string} root
 * @param {string} below
 * @returns {string[]} files that end up in a binary, relative to the root, with forward slashes
 */
function filesBelow(root, below) {
  return readdirSync(path.join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const relative = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory())
      return entry.name === 'testdata' || entry.name.startsWith('.') ? [] : filesBelow(root, relative);
    return entry.name.endsWith('_test.go') || entry.name.endsWith('.md') ? [] : [relative];
  });
}

/** @param {readonly string[]} lines */
function digest(lines) {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line.length}:${line}\n`);
  return hash.digest('hex').slice(0, 20);
}
