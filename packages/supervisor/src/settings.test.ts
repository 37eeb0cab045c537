import { expect, test } from 'vitest';
import { DEFAULT_SETTINGS, parseSettings } from './settings.ts';

test('the defaults pass their own check', () => {
  expect(parseSettings(JSON.parse(JSON.stringify(DEFAULT_SETTINGS)))).toEqual(DEFAULT_SETTINGS);
});

test('registries with a mirror are read as they were written', () => {
  const settings = { ...DEFAULT_SETTINGS, mirroredRegistries: ['docker.io', 'ghcr.io'] };
  expect(parseSettings(JSON.parse(JSON.stringify(settings)))).toEqual(settings);
});

test.each([
  [{ mode: 'cloud' }, 'mode must be'],
  [{ httpsPort: 70_000 }, 'httpsPort must be a port'],
  [{ httpsPort: 443.5 }, 'httpsPort must be a port'],
  [{ mode: 'external' }, 'needs a kubeconfig'],
  [{ mirroredRegistries: 'ghcr.io' }, 'mirroredRegistries must be a list'],
  [{ mirroredRegistries: [1] }, 'mirroredRegistries must be a list of texts'],
])('refuses %j', (change, message) => {
  expect(() => parseSettings({ ...DEFAULT_SETTINGS, ...change })).toThrow(message);
});
