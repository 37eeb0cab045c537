import { expect, test } from 'vitest';
import { type MachineFacts, preflightChecks } from './preflight.ts';

const GOOD: MachineFacts = {
  platform: 'linux-x64',
  kernel: '6.1.0-42-amd64',
  isRoot: true,
  memoryTotalBytes: 4 * 1024 ** 3,
  diskFreeBytes: 50 * 1024 ** 3,
  dataDir: '/var/lib/brainpod',
  cgroup: 'v2',
  filesystems: ['ext4', 'overlay'],
  missingPrograms: [],
  takenPorts: [],
  go: 'go1.26.8',
};

const failedIds = (facts: MachineFacts): string[] =>
  preflightChecks(facts)
    .filter((check) => !check.ok)
    .map(({ id }) => id);

test('a good machine passes every check', () => {
  expect(failedIds(GOOD)).toEqual([]);
  expect(preflightChecks(GOOD).every((check) => check.remedy === undefined)).toBe(true);
});

test.each<[string, Partial<MachineFacts>, string]>([
  ['platform', { platform: 'darwin-arm64' }, '--kubeconfig'],
  ['root', { isRoot: false }, 'sudo'],
  ['kernel', { kernel: '5.10.0' }, 'Linux 5.13'],
  ['kernel', { filesystems: ['ext4'] }, 'modprobe overlay'],
  ['cgroups', { cgroup: null }, 'mount -t cgroup2'],
  ['memory', { memoryTotalBytes: 1024 ** 3 }, '2.5 GiB'],
  ['disk', { diskFreeBytes: 1024 ** 3 }, 'BRAINPOD_DATA_DIR'],
  [
    'programs',
    { missingPrograms: [{ program: 'nft', debianPackage: 'nftables' }] },
    'apt-get install -y nftables',
  ],
  ['ports', { takenPorts: [{ port: 443, purpose: 'https' }] }, '--https-port'],
  ['go', { go: null }, 'npm start'],
])('%s is named with what to do', (id, change, remedy) => {
  const facts = { ...GOOD, ...change };
  expect(failedIds(facts)).toEqual([id]);
  expect(preflightChecks(facts).find((check) => check.id === id)?.remedy).toContain(remedy);
});
