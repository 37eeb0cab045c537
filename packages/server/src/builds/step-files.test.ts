import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hostNetworkIn, stepFilesOf } from './step-files.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brainpod-steps-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Settings = { runc: string; mounts: Record<string, string>; environment: Record<string, string> };

/** What a builder's runc reads. */
function settingsIn(files: Record<string, string | Buffer>): Settings {
  return JSON.parse(String(files['settings.json']));
}

it('picks proxies and package registries out of an environment, and nothing else', () => {
  const network = hostNetworkIn({
    HTTPS_PROXY: 'http://proxy:3128',
    npm_config_registry: 'https://npm.example',
    uv_index_url: 'https://old.example',
    UV_DEFAULT_INDEX: 'https://pypi.example',
    GOPROXY: '',
    NPM_TOKEN: 'secret',
    HOME: '/root',
    npm_config_cache: '/root/.npm',
    UV_CACHE_DIR: '/root/.cache/uv',
    SSL_CERT_FILE: '/own.pem',
  });
  expect(network).toEqual({
    variables: {
      HTTPS_PROXY: 'http://proxy:3128',
      npm_config_registry: 'https://npm.example',
      uv_index_url: 'https://old.example',
      UV_DEFAULT_INDEX: 'https://pypi.example',
    },
    bundleFile: '/own.pem',
    extraBundleFile: null,
  });
});

it('gives steps certificates, those for Node among them, and apt where they are', async () => {
  const [bundleFile, extraBundleFile] = [join(folder, 'ca.pem'), join(folder, 'extra.pem')];
  await writeFile(bundleFile, 'BUNDLE\n');
  await writeFile(extraBundleFile, 'EXTRA\n');
  const host = { variables: { HTTP_PROXY: 'http://user:password@proxy' }, bundleFile, extraBundleFile };
  const files = await stepFilesOf(host);
  expect(files['ca-certificates.crt']).toBe('BUNDLE\n\nEXTRA\n');
  expect(files['apt.conf']).toContain('CaInfo "/dev/brainpod/ca-certificates.crt"');
  const { runc, mounts, environment } = settingsIn(files);
  expect(runc).toBe('/usr/sbin/runc');
  expect(mounts).toEqual({
    'apt.conf': '/etc/brainpod/build-step/apt.conf',
    'ca-certificates.crt': '/etc/brainpod/build-step/ca-certificates.crt',
    'java-trust.jks': '/etc/brainpod/build-step/java-trust.jks',
  });
  expect(environment).toMatchObject({
    HTTP_PROXY: 'http://user:password@proxy',
    npm_config_cafile: '/dev/brainpod/ca-certificates.crt',
    SSL_CERT_FILE: '/dev/brainpod/ca-certificates.crt',
    APT_CONFIG: '/dev/brainpod/apt.conf',
    MAVEN_OPTS: '-Djavax.net.ssl.trustStore=/dev/brainpod/java-trust.jks',
  });
  // The same certificates are not given twice.
  const once = await stepFilesOf({ ...host, extraBundleFile: bundleFile });
  expect(once['ca-certificates.crt']).toBe('BUNDLE\n');
});

it('passes by what is no file', async () => {
  const bundleFile = join(folder, 'folder');
  await mkdir(bundleFile);
  const none = { variables: {}, bundleFile: null, extraBundleFile: null };
  const files = await stepFilesOf({ ...none, bundleFile, extraBundleFile: join(folder, 'missing') });
  expect(files).toEqual(await stepFilesOf(none));
});

it('is nothing but where runc is, for builders in another network', async () => {
  expect(settingsIn(await stepFilesOf(null))).toEqual({
    runc: '/usr/sbin/runc',
    mounts: {},
    environment: {},
  });
});
