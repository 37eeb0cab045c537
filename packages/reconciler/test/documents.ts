import type { Platform } from '@brainpod/compiler/compile';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import type { AppDocument } from '@brainpod/model/kinds/app';
import type { ConfigDocument } from '@brainpod/model/kinds/config';
import type { RouteDocument } from '@brainpod/model/kinds/route';

const ENVELOPE = { apiVersion: 'pod.brainpod.io/v1alpha1' } as const;

export const PLATFORM: Platform = {
  domain: 'brainpod.localhost',
  registryHost: 'registry.brainpod.localhost',
  gateway: { namespace: 'brainpod-system', name: 'brainpod', httpsListener: 'https', httpListener: 'http' },
  gatewayClass: 'brainpod',
  sizes: INSTANCE_SIZES,
  envoyGateway: false,
  certificate: { certPem: 'not a real certificate', keyPem: 'not a real key' },
  drainSeconds: 5,
};

export function app(name: string, spec: Partial<AppDocument['spec']> = {}): AppDocument {
  return {
    ...ENVELOPE,
    kind: 'App',
    metadata: { name, namespace: 'default' },
    spec: {
      image: `docker.io/demo/${name}:1`,
      env: [],
      instance: '1x',
      replicas: 1,
      mounts: [],
      ...spec,
    },
  };
}

export function route(name: string, appName: string, port: number): RouteDocument {
  return {
    ...ENVELOPE,
    kind: 'Route',
    metadata: { name, namespace: 'default' },
    spec: {
      hostname: `${name}-demo.brainpod.localhost`,
      domains: [],
      timeout: 60,
      rules: [{ name: 'all', path: '/', port, backendRef: `urn:brain:app:default:${appName}` }],
    },
  };
}

export function config(name: string, files: Record<string, string>): ConfigDocument {
  return { ...ENVELOPE, kind: 'Config', metadata: { name, namespace: 'default' }, spec: { files } };
}
