import { expect, test } from 'vitest';
import { parseNetworkRange } from './network-range.ts';

test.each([
  ['192.0.2.0/24', '192.0.2.0/24'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['192.0.2.7', '192.0.2.7/32'],
  ['2001:db8::/32', '2001:db8::/32'],
  ['::1', '::1/128'],
  ['::/0', '::/0'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8/128'],
])('%s is the network %s', (text, network) => {
  expect(parseNetworkRange(text)).toBe(network);
});

test.each([
  '',
  'everybody',
  '192.0.2',
  '192.0.2.256',
  '192.0.02.1',
  '192.0.2.0/33',
  '192.0.2.0/',
  '192.0.2.0/024',
  '192.0.2.0/24/24',
  '192.0.2.0/24 ',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8::',
  ':1',
  '2001:db8::/129',
  'fe80::1%eth0',
])('"%s" is no network', (text) => {
  expect(parseNetworkRange(text)).toBeUndefined();
});
