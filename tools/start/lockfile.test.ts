import { expect, test } from 'vitest';
import { packagesToInstall } from './lockfile.mjs';

const WANTED = {
  packages: {
    '': { version: '1.0.0' },
    'packages/api': { version: '1.0.0' },
    'node_modules/@ours/api': { link: true },
    'node_modules/left': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/left/node_modules/deep': { version: '2.0.0', integrity: 'sha512-b' },
    'node_modules/mac-only': { version: '3.0.0', integrity: 'sha512-c', optional: true },
  },
};

const INSTALLED = {
  packages: {
    'node_modules/@ours/api': { link: true },
    'node_modules/left': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/left/node_modules/deep': { version: '2.0.0', integrity: 'sha512-b' },
    'node_modules/beyond': { version: '9.0.0', integrity: 'sha512-z' },
  },
};

test('nothing is to be done when npm’s own record agrees', () => {
  expect(packagesToInstall(WANTED, INSTALLED)).toEqual([]);
});

test('everything is to be done where nothing is installed', () => {
  expect(packagesToInstall(WANTED, null)).toEqual([
    'node_modules/@ours/api',
    'node_modules/left',
    'node_modules/left/node_modules/deep',
  ]);
});

test.each([
  ['another version', { version: '1.0.1', integrity: 'sha512-a' }],
  ['the same version with other content', { version: '1.0.0', integrity: 'sha512-x' }],
])('%s is noticed', (_, left) => {
  const installed = { packages: { ...INSTALLED.packages, 'node_modules/left': left } };
  expect(packagesToInstall(WANTED, installed)).toEqual(['node_modules/left']);
});
