import { expect, test } from 'vitest';
import { missingPackages } from './debian-packages.ts';

test('packages that are removed, half configured or unknown are missing', () => {
  const listing = ['ii  runc', 'rc  nftables', 'iF  conntrack', 'ii  iptables-persistent'].join('\n');
  expect(missingPackages(['runc', 'nftables', 'conntrack', 'iptables'], listing)).toEqual([
    'nftables',
    'conntrack',
    'iptables',
  ]);
});
