import { expect, it } from 'vitest';
import { provenanceOf } from './provenance.ts';

const origin = { builder: 'https://registry.test', build: 'b1', source: `sha256:${'5'.repeat(64)}` };
const base = { uri: 'pkg:docker/node@24', digest: { sha256: 'a'.repeat(64) } };

it('tells what was built of what, and neither arguments nor steps, nor what the machine did', () => {
  const record = {
    buildDefinition: {
      buildType: 'https://example.test/type',
      externalParameters: {
        configSource: { uri: '/a/path' },
        request: {
          frontend: 'dockerfile.v0',
          args: { 'build-arg:TOKEN': 'hidden', filename: 'app.Dockerfile' },
          secrets: [{ id: 'NPM_TOKEN' }],
          root: { request: { args: { 'build-arg:TOKEN': 'hidden' } } },
        },
      },
      internalParameters: {
        buildConfig: { llbDefinition: ['hidden'] },
        targetPlatform: 'linux/amd64',
        builderPlatform: 'linux/amd64',
      },
      resolvedDependencies: [base],
    },
    runDetails: {
      builder: { id: '' },
      metadata: {
        invocationId: 'x',
        startedOn: '2026-11-23T10:00:00Z',
        finishedOn: '2026-11-23T10:00:01Z',
        buildkit_metadata: { source: 'hidden', sysUsage: 'hidden' },
      },
    },
  };
  expect(provenanceOf(record, origin)).toEqual({
    buildDefinition: {
      buildType: 'https://example.test/type',
      externalParameters: { request: { frontend: 'dockerfile.v0', args: { filename: 'app.Dockerfile' } } },
      internalParameters: { targetPlatform: 'linux/amd64', builderPlatform: 'linux/amd64' },
      resolvedDependencies: [{ name: 'source', digest: { sha256: '5'.repeat(64) } }, base],
    },
    runDetails: {
      builder: { id: 'https://registry.test' },
      metadata: {
        invocationId: 'b1',
        startedOn: '2026-11-23T10:00:00Z',
        finishedOn: '2026-11-23T10:00:01Z',
      },
    },
  });
});

it('tells no credentials of the addresses that a build began with', () => {
  const uris = [
    'https://user:password@files.test/a.tar.gz?token=secret#x',
    'git+https://token@code.test/shop.git#main',
    'https://files.test/@scope/a.tgz',
    'pkg:docker/node@24?platform=linux%2Famd64',
  ];
  const record = { buildDefinition: { resolvedDependencies: uris.map((uri) => ({ uri, digest: {} })) } };
  const { buildDefinition } = provenanceOf(record, origin) as {
    buildDefinition: { resolvedDependencies: { uri?: string }[] };
  };
  expect(buildDefinition.resolvedDependencies.slice(1).map(({ uri }) => uri)).toEqual([
    'https://files.test/a.tar.gz#x',
    'git+https://code.test/shop.git#main',
    'https://files.test/@scope/a.tgz',
    'pkg:docker/node@24?platform=linux%2Famd64',
  ]);
});
