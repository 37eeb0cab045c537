import type { BuilderLimits, BuilderRegistry } from './builder-platform.ts';

const MIB = 1024 * 1024;
const HTTPS_PORT = 443;
/** A pod's steps that run at once. */
const MOST_STEPS = 4;

/** BuildKit's own configuration. Its quotes are TOML's, whose basic strings are written as JSON writes them. */
export function buildkitConfiguration(registry: BuilderRegistry, limits: BuilderLimits): string {
  const mirror = registryName(registry);
  const text = (value: string): string => JSON.stringify(value);
  return `insecure-entitlements = []

[log]
  level = "warn"

[otel]
  socketPath = "/run/build/otel.sock"

[cdi]
  disabled = true

[history]
  maxAge = 172800
  maxEntries = 20

[worker.oci]
  enabled = true
  rootless = true
  # A sandbox of processes needs a /proc that is not masked; the instance itself is the wall around them.
  noProcessSandbox = true
  # The instance's own network, whose policies hold for every step.
  networkMode = "host"
  snapshotter = "overlayfs"
  binary = "/usr/local/bin/runc-build"
  max-parallelism = ${MOST_STEPS}
  gc = true
  reservedSpace = ${Math.floor(limits.cacheMiB / 4) * MIB}
  maxUsedSpace = ${limits.cacheMiB * MIB}

[worker.containerd]
  enabled = false

[registry."docker.io"]
  mirrors = [${text(`${mirror}/docker.io`)}]

[registry.${text(mirror)}]
  http = ${registry.isPlain}
`;
}

/** The registry as it stands in front of a repository where builders push. */
export function registryName({ host, address, port, isPlain }: BuilderRegistry): string {
  const name = address ?? host;
  return !isPlain && port === HTTPS_PORT ? name : `${name}:${port}`;
}
