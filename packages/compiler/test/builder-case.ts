import type { BuilderPlatform } from '@brainpod/compiler/builder-platform';

/** The builders of a cluster on this machine. */
export const BUILDERS: BuilderPlatform = {
  image: 'registry.brainpod.localhost/brainpod/builder:1',
  pullSecret: { dockerConfigJson: '{"auths":{}}' },
  registry: { host: 'registry.brainpod.localhost', address: '10.244.255.1', port: 4601, isPlain: true },
  stepFiles: { 'settings.json': '{"runc":"/usr/sbin/runc"}', 'ca-certificates.crt': 'certificates' },
  limits: { cpuMillis: 2_000, memoryMiB: 4_096, cacheMiB: 10_240 },
  allowedCidrs: ['10.20.0.0/16'],
};

/** Those of a cluster elsewhere, which reach the registry as everybody does. */
export const BUILDERS_ELSEWHERE: BuilderPlatform = {
  ...BUILDERS,
  registry: { host: 'registry.example.com', address: null, port: 443, isPlain: false },
  allowedCidrs: [],
};
