import type { AppDocument } from '@brainpod/model/kinds/app';
import type { ConfigDocument } from '@brainpod/model/kinds/config';
import type { DiskDocument } from '@brainpod/model/kinds/disk';
import type { PostgresDocument } from '@brainpod/model/kinds/postgres';
import type { RouteInput } from '@brainpod/model/kinds/route';

/** A small valid App. */
export function sampleApp(name = 'web', spec: Partial<AppDocument['spec']> = {}): AppDocument {
  return {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'App',
    metadata: { name, namespace: 'default' },
    spec: { image: 'nginx:1.29', env: [], instance: '.25x', replicas: 1, mounts: [], ...spec },
  };
}

/** A valid Config with these files. */
export function sampleConfig(
  name = 'settings',
  files: Record<string, string> = { 'app.conf': 'a = 1\n' },
): ConfigDocument {
  return {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'Config',
    metadata: { name, namespace: 'default' },
    spec: { files },
  };
}

/** A valid Route to the App of the same name, its host name left to the platform. */
export function sampleRoute(name = 'web', spec: Partial<RouteInput['spec']> = {}): RouteInput {
  return {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'Route',
    metadata: { name, namespace: 'default' },
    spec: {
      domains: [],
      rules: [{ name: 'all', path: '/', port: 8080, backendRef: `urn:brain:app:default:${name}` }],
      timeout: 60,
      ...spec,
    },
  };
}

/** A valid Disk of so many GB. */
export function sampleDisk(name = 'data', size = 5): DiskDocument {
  return {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'Disk',
    metadata: { name, namespace: 'default' },
    spec: { size },
  };
}

/** A valid Postgres with its data on the Disk of this name. */
export function samplePostgres(name = 'db', disk = 'data'): PostgresDocument {
  return {
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind: 'Postgres',
    metadata: { name, namespace: 'default' },
    spec: { version: '16', instance: '.5x', diskRef: `urn:brain:disk:default:${disk}` },
  };
}
