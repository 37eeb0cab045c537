import { expect, test } from 'vitest';
import { describeComponents } from './wait-for-engine.ts';

const part = (name: string, state: string) => ({ name, state, restarts: 0 });

test('what is being started is named, not what waits for it', () => {
  const parts = [part('etcd', 'ready'), part('kube-apiserver', 'starting'), part('kubelet', 'waiting')];
  expect(describeComponents(parts)).toBe('1 of 3 parts ready, waiting for kube-apiserver');
});

test('many names are cut short', () => {
  const parts = ['a', 'b', 'c', 'd'].map((name) => part(name, 'waiting'));
  expect(describeComponents(parts)).toBe('0 of 4 parts ready, waiting for a, b, c, …');
});

test('the ends: nothing told yet, and all ready', () => {
  expect(describeComponents([])).toBe('starting');
  expect(describeComponents([part('etcd', 'ready')])).toBe('all parts ready');
});
