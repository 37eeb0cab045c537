import { expect, test } from 'vitest';
import { KINDS } from './kind.ts';
import { formatUrn, parseUrn } from './urn.ts';

test.each(KINDS)('the URN of a %s reads back', (kind) => {
  const text = formatUrn(kind, 'a-1');
  expect(text).toBe(`urn:brain:${kind.toLowerCase()}:default:a-1`);
  expect(parseUrn(text)).toEqual({ ok: true, value: { kind, namespace: 'default', name: 'a-1' } });
});

test('the kind may be in any case', () => {
  expect(parseUrn('urn:brain:MariaDB:default:db')).toMatchObject({ ok: true, value: { kind: 'MariaDB' } });
});

test.each([
  '',
  'web',
  'urn:brain:app:default',
  'urn:brain:app:default:web:x',
  'urn:brain:pod:p:app:default:web',
  'urn:brane:app:default:web',
  'URN:brain:app:default:web',
  'urn:brain:bucket:default:web',
  'urn:brain:app:other:web',
  'urn:brain:app:default:',
  'urn:brain:app:default:Web',
])('%j is none', (text) => {
  expect(parseUrn(text).ok).toBe(false);
});
