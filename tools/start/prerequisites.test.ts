import { expect, test } from 'vitest';
import { announcement, describeMissing, isAtLeast, missingPrerequisites } from './prerequisites.mjs';

const READY = {
  mode: 'embedded' as const,
  platform: 'linux-x64',
  isRoot: true,
  nodeVersion: '20.19.2',
  npm: true,
  aptGet: true,
  go: '1.26.8',
  pip: true,
  engineReady: false,
  envoyReady: false,
  buildKit: true,
  goNeeded: '1.26.8',
};

const names = (probes: Parameters<typeof missingPrerequisites>[0]) =>
  missingPrerequisites(probes).map(({ what }) => what);

test('a machine with everything lacks nothing', () => {
  expect(missingPrerequisites(READY)).toEqual([]);
});

test('a bare machine is told everything at once, each with its command', () => {
  const bare = { ...READY, isRoot: false, nodeVersion: '18.1.0', npm: false, go: null, pip: false };
  const text = describeMissing(missingPrerequisites(bare));
  for (const part of [
    'Node 20',
    'apt-get install -y npm',
    'sudo npm start',
    'apt-get install -y python3 python3-pip',
    'go1.26.8.linux-amd64.tar.gz',
    'nothing has been changed',
  ]) {
    expect(text).toContain(part);
  }
});

test('what is in the cache needs neither Go nor pip', () => {
  expect(names({ ...READY, go: null, pip: false, engineReady: true, envoyReady: true })).toEqual([]);
});

test('an older Go is named with its version', () => {
  expect(names({ ...READY, go: '1.25.0' })).toEqual([
    'Go 1.26.8 or newer, which builds the engine (here is 1.25.0)',
  ]);
});

test('an existing cluster needs no root, no Debian and no Envoy, but Go for the registry', () => {
  const mac = {
    ...READY,
    mode: 'external' as const,
    platform: 'darwin-arm64',
    isRoot: false,
    aptGet: false,
    pip: false,
  };
  expect(names(mac)).toEqual([]);
  expect(names({ ...mac, go: null })).toEqual(['Go 1.26.8 or newer, which builds the image registry']);
  expect(missingPrerequisites({ ...mac, go: null })[0]?.remedy).toContain('go1.26.8.darwin-arm64.tar.gz');
});

test('an existing cluster brings no BuildKit, where no builder can be made for it', () => {
  expect(missingPrerequisites({ ...READY, mode: 'external', buildKit: false })).toEqual([
    expect.objectContaining({ remedy: expect.stringContaining('BUILDKIT_HOST') }),
  ]);
});

test('another kind of machine is sent to an existing cluster', () => {
  expect(missingPrerequisites({ ...READY, platform: 'darwin-arm64' })).toEqual([
    expect.objectContaining({ remedy: expect.stringContaining('--kubeconfig') }),
  ]);
});

test('the announcement says what needs root, and nothing of it for an existing cluster', () => {
  expect(announcement(READY, true)).toContain('As root it will');
  expect(announcement(READY, true)).toContain('npm ci');
  expect(announcement(READY, false)).not.toContain('npm ci');
  expect(announcement({ ...READY, mode: 'external' }, false)).not.toContain('root');
});

test.each([
  ['1.26.8', '1.26.8', true],
  ['1.27.0', '1.26.8', true],
  ['1.26.10', '1.26.8', true],
  ['1.26', '1.26.8', false],
  ['1.9.9', '1.26.8', false],
])('Go %s for %s: %s', (version, needed, enough) => {
  expect(isAtLeast(version, needed)).toBe(enough);
});
