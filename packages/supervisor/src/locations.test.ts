import { expect, test } from 'vitest';
import { locationsFrom } from './locations.ts';

test('root gets the places of the system', () => {
  const locations = locationsFrom({ HOME: '/root' }, true);
  expect([locations.dataDir, locations.runDir]).toEqual(['/var/lib/brainpod', '/run/brainpod']);
  expect(locations.engineConfig).toBe('/run/brainpod/engine/config.json');
});

test('a person without root gets the state directory of the home', () => {
  const locations = locationsFrom({ HOME: '/home/ada' }, false);
  expect([locations.dataDir, locations.runDir]).toEqual([
    '/home/ada/.local/state/brainpod',
    '/home/ada/.local/state/brainpod/run',
  ]);
});

test('variables win, blank ones count as unset', () => {
  const locations = locationsFrom({ HOME: '/h', BRAINPOD_DATA_DIR: '/d', BRAINPOD_RUN_DIR: '  ' }, true);
  expect([locations.dataDir, locations.runDir]).toEqual(['/d', '/run/brainpod']);
});

test('without any home it says which variable to set', () => {
  expect(() => locationsFrom({}, false)).toThrow('Set BRAINPOD_DATA_DIR');
});
