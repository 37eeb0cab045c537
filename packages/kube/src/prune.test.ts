import { expect, test } from 'vitest';
import { type Present, planPrune } from './prune.ts';

const ref = (kind: string, name: string) => ({ apiVersion: 'v1', kind, metadata: { name, namespace: 'n' } });
const present = (kind: string, name: string, deleting = false): Present => ({
  ref: ref(kind, name),
  uid: name,
  deleting,
});
const ORDER = ['Route', 'App', 'Config'].map((kind) => ({ apiVersion: 'v1', kind }));

test('takes what is not kept, in the given order, and nothing of other kinds or on its way out', () => {
  const doomed = planPrune(
    [
      present('Config', 'c'),
      present('App', 'kept'),
      present('App', 'a'),
      present('Route', 'r'),
      present('Other', 'o'),
      present('App', 'leaving', true),
    ],
    [ref('App', 'kept')],
    ORDER,
  );
  expect(doomed.map((object) => object.uid)).toEqual(['r', 'a', 'c']);
});
