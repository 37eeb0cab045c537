import { describe, expect, it } from 'vitest';
import { readClusterFacts } from './cluster-facts.ts';

describe('readClusterFacts', () => {
  it('knows nothing but the architecture of a machine without settings', () => {
    expect(readClusterFacts({})).toEqual({
      provider: null,
      country: null,
      region: null,
      architectures: ['amd64'],
    });
  });

  it('takes what is set', () => {
    const environment = {
      BRAINPOD_CLUSTER_PROVIDER: 'hetzner',
      BRAINPOD_CLUSTER_COUNTRY: 'DE',
      BRAINPOD_CLUSTER_REGION: 'fsn1',
      BRAINPOD_CLUSTER_ARCHITECTURES: 'amd64, arm64',
    };
    expect(readClusterFacts(environment)).toEqual({
      provider: 'hetzner',
      country: 'DE',
      region: 'fsn1',
      architectures: ['amd64', 'arm64'],
    });
  });

  it('names every wrong variable at once', () => {
    const wrong = { BRAINPOD_CLUSTER_COUNTRY: 'Germany', BRAINPOD_CLUSTER_ARCHITECTURES: 'amd64,pdp11' };
    for (const name of Object.keys(wrong)) expect(() => readClusterFacts(wrong)).toThrow(name);
  });
});
