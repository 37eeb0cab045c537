import { expect, test } from 'vitest';
import { inheritedEnvironment, operatorsChoices, serverEnvironment } from './child-environment.ts';
import { locationsIn } from './locations.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

test('children keep the surroundings and lose what belongs to npm, the CLI and kubectl', () => {
  const inherited = inheritedEnvironment({
    PATH: '/bin',
    https_proxy: 'http://proxy',
    npm_config_cafile: '/ca.pem',
    BRAINPOD_API_TOKEN: 'brain_x',
    npm_lifecycle_event: 'start',
    KUBECONFIG: '/elsewhere',
    GONE: undefined,
  });
  expect(inherited).toEqual({ PATH: '/bin', https_proxy: 'http://proxy', npm_config_cafile: '/ca.pem' });
});

test('the server gets what the operator chose for it, and nothing that is a secret of the command line', () => {
  const environment = { BRAINPOD_CLUSTER_COUNTRY: 'DE', BRAINPOD_API_TOKEN: 'brain_x', PATH: '/bin' };
  expect(operatorsChoices(environment)).toEqual({ BRAINPOD_CLUSTER_COUNTRY: 'DE' });
});

test('the server is told the engine’s kubeconfig, or the one of an existing cluster', () => {
  const locations = locationsIn('/data', '/run/bp');
  expect(serverEnvironment(DEFAULT_SETTINGS, locations)).toMatchObject({
    PGHOST: '/run/bp/postgres',
    BRAINPOD_LISTEN: '127.0.0.1:4600',
    BRAINPOD_KUBECONFIG: '/run/bp/engine/kubeconfig',
    BRAINPOD_REGISTRY_UPSTREAM: 'http://127.0.0.1:4650',
  });
  const external = { ...DEFAULT_SETTINGS, mode: 'external' as const, kubeconfig: '/k' };
  expect(serverEnvironment(external, locations).BRAINPOD_KUBECONFIG).toBe('/k');
});
