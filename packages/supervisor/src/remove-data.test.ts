import { expect, test } from 'vitest';
import { mountPointsBelow } from './remove-data.ts';

test('finds what is mounted below, blanks in names included, and not what is beside', () => {
  const mountinfo = [
    '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '40 22 0:40 / /var/lib/brainpod/engine/a\\040b rw - tmpfs tmpfs rw',
    '41 22 0:41 / /var/lib/brainpod-other/x rw - tmpfs tmpfs rw',
    '42 22 0:42 / /var/lib/brainpod rw - tmpfs tmpfs rw',
  ].join('\n');
  expect(mountPointsBelow(mountinfo, '/var/lib/brainpod')).toEqual(['/var/lib/brainpod/engine/a b']);
});
