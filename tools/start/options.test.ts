import { expect, test } from 'vitest';
import { editDistance, parseStartOptions } from './options.mjs';

const DEFAULTS = {
  app: null,
  image: null,
  port: null,
  kubeconfig: null,
  gatewayClass: 'brainpod',
  domain: 'brainpod.localhost',
  listen: '127.0.0.1',
  httpPort: 80,
  httpsPort: 443,
  platformOnly: false,
  help: false,
};

test('without flags everything has its default', () => {
  expect(parseStartOptions([], '/here')).toEqual({ ok: true, options: DEFAULTS });
});

test('values follow a blank or an equal sign, paths begin where the person stands', () => {
  const args = ['--app', 'shop', '--https-port=8443', '--kubeconfig=~k', '--gateway-class', 'public'];
  expect(parseStartOptions(args, '/home/ada')).toEqual({
    ok: true,
    options: {
      ...DEFAULTS,
      app: '/home/ada/shop',
      httpsPort: 8443,
      kubeconfig: '/home/ada/~k',
      gatewayClass: 'public',
    },
  });
});

test('all faults are told at once, unknown flags with a suggestion', () => {
  const result = parseStartOptions(
    ['--htps-port', '1', 'shop', '--wat', '--https-port=x', '--app', '--image'],
    '/here',
  );
  expect(result).toEqual({
    ok: false,
    faults: [
      '--htps-port is not known; did you mean --https-port?',
      '"shop" is not understood: everything npm start takes begins with --',
      '--wat is not known; npm start -- --help lists what there is',
      '--app needs a value: --app DIR',
      '--image needs a value: --image REF',
      '--https-port must be a port from 1 to 65535, and is "x"',
    ],
  });
});

test.each([
  [['--app', 'a', '--image', 'b'], 'exclude each other'],
  [['--listen', 'localhost'], 'must be an IPv4 address'],
  [['--port', '3000'], 'goes with --image'],
  [['--platform-only', '--app', 'a'], 'runs no app'],
  [['--http-port', '443'], 'must differ'],
  [['--domain', 'Localhost'], 'two or more labels'],
  [['--app=a', '--app=b'], 'given twice'],
  [['--help=yes'], 'takes no value'],
])('%j contradicts itself', (args, fault) => {
  const result = parseStartOptions(args, '/');
  expect(result.ok).toBe(false);
  expect(JSON.stringify(result)).toContain(fault);
});

test.each([
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
  ['same', 'same', 0],
])('%s is %s away from %s', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
});
