import { expect, test } from 'vitest';
import { closingText } from './closing-text.ts';

const CLOSING = {
  url: 'https://hello.brainpod.localhost:8443/',
  api: 'http://127.0.0.1:4600',
  httpsPort: 8443,
  gatewayAddress: '127.0.0.1',
  authorityFile: '/d/server/ca.crt',
  configFile: '/h/.config/brainpod/config.toml',
  isDefaultConfigFile: true,
  embedded: true,
};

test('the curl command checks the certificate and needs no name server', () => {
  expect(closingText(CLOSING)).toContain(
    'curl --cacert /d/server/ca.crt --resolve hello.brainpod.localhost:8443:127.0.0.1 https://hello.brainpod.localhost:8443/',
  );
});

test('without an app there is nothing to try, but the API and the way to stop', () => {
  const text = closingText({ ...CLOSING, url: null });
  expect(text).not.toContain('curl');
  expect(text).toContain('http://127.0.0.1:4600/v1');
  expect(text).toContain('npx brainpod engine down');
});

test('a config file elsewhere is named in the commands', () => {
  const text = closingText({ ...CLOSING, isDefaultConfigFile: false, configFile: '/d/config.toml' });
  expect(text).toContain('BRAINPOD_CONFIG=/d/config.toml npx brainpod pod list');
});
