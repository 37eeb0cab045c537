import { pino } from 'pino';
import { expect, test } from 'vitest';
import { SealedPullSecrets } from './pull-secrets.ts';

const OWN = 'registry.example.test';
const POD = { id: 'id-of-q', name: 'q' };
const PULL_KEY = { id: 1, salt: Buffer.from('salt') };

function pullSecrets(lines: string[] = [], masterKey = Buffer.alloc(32, 7)): SealedPullSecrets {
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  return new SealedPullSecrets({ registryHost: OWN, masterKey, logger });
}

function credential(registry: string, password = 'a secret', by = pullSecrets(), podId = POD.id) {
  const passwordSealed = by.sealPassword(podId, registry, password);
  return { registry, username: 'ann', passwordSealed };
}

/** User and password by the name under which nodes look for them. */
function opened(secrets: SealedPullSecrets, credentials: ReturnType<typeof credential>[]) {
  const { auths } = JSON.parse(secrets.dockerConfigJson(POD, { pullKey: PULL_KEY, credentials }));
  return Object.fromEntries(
    Object.entries(auths).map(([name, entry]) => {
      expect(entry).toEqual({ auth: expect.any(String) });
      return [name, Buffer.from(Object(entry).auth, 'base64').toString()];
    }),
  );
}

test('nodes get what opens our registry, and what the pod holds for others under the names they look for', () => {
  const found = opened(pullSecrets(), [
    credential('docker.io', 'pass:word'),
    credential('ghcr.io', 'line\nline é'),
    credential('registry.example.com:5000'),
  ]);
  expect(found).toEqual({
    'https://index.docker.io/v1/': 'ann:pass:word',
    'ghcr.io': 'ann:line\nline é',
    'registry.example.com:5000': 'ann:a secret',
    [OWN]: expect.stringMatching(/^pull:[\w-]{43}$/),
  });
});

test('the same input gives the same bytes', () => {
  const held = { pullKey: PULL_KEY, credentials: [credential('ghcr.io')] };
  expect(pullSecrets().dockerConfigJson(POD, held)).toBe(pullSecrets().dockerConfigJson(POD, held));
});

test('no credentials of a pod take the place of what opens our registry', () => {
  expect(opened(pullSecrets(), [credential(OWN)])[OWN]).toMatch(/^pull:/);
});

test.each([
  ['another pod', credential('ghcr.io', 'a secret', pullSecrets(), 'id-of-p')],
  ['another registry', { ...credential('quay.io'), registry: 'ghcr.io' }],
  ['another master key', credential('ghcr.io', 'a secret', pullSecrets([], Buffer.alloc(32, 8)))],
])('what was sealed for %s is left out, and the log says so without it', (_what, sealed) => {
  const lines: string[] = [];
  expect(Object.keys(opened(pullSecrets(lines), [sealed, credential('gcr.io')]))).toEqual(['gcr.io', OWN]);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('"registry":"ghcr.io"');
  expect(lines[0]).not.toContain('a secret');
});
