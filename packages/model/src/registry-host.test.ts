import { expect, test } from 'vitest';
import { parseRegistryHost, registryOfImage } from './registry-host.ts';

test.each([
  ['ghcr.io', 'ghcr.io'],
  ['GHCR.io', 'ghcr.io'],
  ['registry.example.com:5000', 'registry.example.com:5000'],
  ['localhost', 'localhost'],
  ['localhost:5000', 'localhost:5000'],
  ['127.0.0.1:5000', '127.0.0.1:5000'],
  ['docker.io', 'docker.io'],
  ['index.docker.io', 'docker.io'],
  ['registry-1.docker.io', 'docker.io'],
  ['Registry.Hub.Docker.com', 'docker.io'],
  ['docker.io:443', 'docker.io:443'],
])('%s is %s', (text, host) => {
  expect(parseRegistryHost(text)).toEqual({ ok: true, value: host });
});

test.each([
  '',
  'https://ghcr.io',
  'ghcr.io/',
  'ghcr.io/owner',
  'user@ghcr.io',
  'user:password@ghcr.io',
  '*.io',
  'ghcr..io',
  '-a.example.com',
  'a b.example.com',
  'ghcr.io:',
  'ghcr.io:0',
  'ghcr.io:65536',
  'ghcr.io:80:80',
  '[::1]:5000',
  `${'a.'.repeat(127)}com`,
])('%j is no host of a registry', (text) => {
  const parsed = parseRegistryHost(text);
  expect(parsed).toMatchObject({
    ok: false,
    faults: [{ path: '', message: expect.stringContaining('ghcr.io') }],
  });
});

test('what is no registry in the name of an image is not taken for one', () => {
  expect(parseRegistryHost('ghcr')).toMatchObject({
    ok: false,
    faults: [{ message: expect.stringContaining('name docker.io') }],
  });
});

test.each([
  ['nginx', 'docker.io'],
  ['library/nginx:1', 'docker.io'],
  ['docker.io/library/nginx', 'docker.io'],
  ['index.docker.io/library/nginx', 'docker.io'],
  ['ghcr.io/owner/app:1', 'ghcr.io'],
  ['127.0.0.1:5000/a/b@sha256:abc', '127.0.0.1:5000'],
  ['No Image', null],
])('%s is fetched from %s', (image, registry) => {
  expect(registryOfImage(image)).toBe(registry);
});
