import { expect, test } from 'vitest';
import { parseReply, parseRequest } from './control-protocol.ts';
import { DEFAULT_SETTINGS } from './settings.ts';

test.each([
  { op: 'status' },
  { op: 'lend-server' },
  { op: 'stop', keepApps: true },
  { op: 'engine-ready', binDir: '/b', envoyBinary: '/e' },
  { op: 'engine-ready', binDir: '/b' },
  { op: 'stage', stage: { id: 'engine', title: 'Build', state: 'running', estimateSeconds: 800 } },
  { op: 'configure', settings: { ...DEFAULT_SETTINGS, mode: 'external', kubeconfig: '/k' } },
] as const)('reads request %j', (request) => {
  expect(parseRequest(JSON.stringify(request))).toEqual(request);
});

test.each([
  ['nonsense', 'not JSON'],
  ['[]', 'must be a JSON object'],
  ['{"op":"dance"}', '"dance" is not known'],
  ['{"op":"engine-ready"}', 'binDir must be a text'],
  ['{"op":"stage","stage":{"id":"a","title":"b","state":"odd"}}', 'state must be one of'],
  ['{"op":"configure","settings":{"mode":"external"}}', 'needs a kubeconfig'],
])('refuses %s', (line, message) => {
  expect(() => parseRequest(line)).toThrow(message);
});

test('a stop without a word about apps takes them down', () => {
  expect(parseRequest('{"op":"stop"}')).toEqual({ op: 'stop', keepApps: false });
});

test('a refusal keeps its sentence', () => {
  expect(parseReply('{"ok":false,"error":"no"}')).toEqual({ ok: false, error: 'no' });
});
