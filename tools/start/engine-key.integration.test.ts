import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildName, cacheDirectory, engineKeys, finishedBuild, ownCommands } from './engine-key.mjs';

let directory: string;

function write(file: string, text: string): void {
  const full = path.join(directory, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
}

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'bp-key-'));
  write('go.mod', 'module m\n\ngo 1.26.8\n');
  write('go.sum', 'a h1:x\n');
  write('cmd/kube/main.go', 'package main');
  write('cmd/engine/main.go', 'package main');
  write('cmd/manifests/main.go', 'package main');
  write('internal/config/config.go', 'package config');
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

const keys = (platform = 'linux-x64') => engineKeys(directory, platform);

test('the same sources have the same keys', () => {
  expect(keys()).toEqual(keys());
});

test('a change in our own code leaves Kubernetes alone', () => {
  const before = keys();
  write('internal/config/config.go', 'package config // changed');
  expect(keys()).toEqual({
    ...before,
    own: expect.not.stringMatching(before.own),
    whole: expect.not.stringMatching(before.whole),
  });
});

test.each(['go.mod', 'go.sum'])('a change of %s changes everything', (file) => {
  const before = keys();
  write(file, 'another');
  const after = keys();
  for (const kind of ['components', 'own', 'registry', 'whole'] as const)
    expect(after[kind]).not.toBe(before[kind]);
});

test('a change of the Kubernetes command rebuilds the components, not our commands', () => {
  const before = keys();
  write('cmd/kube/main.go', 'package main // changed');
  expect(keys()).toMatchObject({ own: before.own, registry: before.registry });
  expect(keys().components).not.toBe(before.components);
});

test('tests and texts are part of no program', () => {
  const before = keys();
  write('internal/config/config_test.go', 'package config');
  write('internal/config/testdata/a.json', '{}');
  write('README.md', 'words');
  expect(keys()).toEqual(before);
});

test('another kind of machine is another build', () => {
  expect(keys('linux-arm64').components).not.toBe(keys().components);
});

test('our commands are those that hold Go files, without the ones built otherwise', () => {
  mkdirSync(path.join(directory, 'cmd/empty'));
  expect(ownCommands(directory)).toEqual(['engine']);
});

test('a finished build is found for its Go; for any Go only when none is installed', () => {
  mkdirSync(path.join(directory, buildName('engine', 'abc', 'go1.26.8')));
  expect(finishedBuild(directory, 'engine', 'abc', 'go1.26.8')).toBe(
    path.join(directory, 'engine-abc-go1.26.8'),
  );
  expect(finishedBuild(directory, 'engine', 'abc', 'go1.27.0')).toBeNull();
  expect(finishedBuild(directory, 'engine', 'abc', null)).toBe(path.join(directory, 'engine-abc-go1.26.8'));
  expect(finishedBuild(path.join(directory, 'none'), 'engine', 'abc', null)).toBeNull();
});

test('XDG_CACHE_HOME is honoured, a blank one counts as unset', () => {
  expect(cacheDirectory({ XDG_CACHE_HOME: '/c' }, '/home/ada')).toBe('/c/brainpod');
  expect(cacheDirectory({ XDG_CACHE_HOME: ' ' }, '/home/ada')).toBe('/home/ada/.cache/brainpod');
});
