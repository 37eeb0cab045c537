import type { Platform } from '@brainpod/compiler/platform-facts';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { GATEWAY_CLASS } from './cluster.ts';

export const DOMAIN = 'apps.example.test';
/** A pod's registry secret, the same for all: nobody pulls. */
export const PULL_SECRET = { dockerConfigJson: JSON.stringify({ auths: {} }) };

/** What the server knows of such a cluster. */
export const PLATFORM: Platform = {
  domain: DOMAIN,
  registryHost: `registry.${DOMAIN}`,
  gateway: { namespace: 'brainpod-system', name: 'brainpod', httpsListener: 'https', httpListener: 'http' },
  gatewayClass: GATEWAY_CLASS,
  sizes: INSTANCE_SIZES,
  envoyGateway: false,
  certificate: { certPem: 'nobody reads it', keyPem: 'nobody reads it' },
  drainSeconds: 4,
};
