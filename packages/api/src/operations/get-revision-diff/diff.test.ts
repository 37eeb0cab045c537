import { createHash } from 'node:crypto';
import { canonicalJson } from '@brainpod/model/canonical-json';
import type { ResourceDocument } from '@brainpod/model/document';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { applyPatch } from 'diff';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { diffEntries } from './diff.ts';

function entry(document: ResourceDocument) {
  const hash = createHash('sha256').update(canonicalJson(document)).digest();
  return { kind: document.kind, name: document.metadata.name, hash, document };
}

function yamlOf(document: ResourceDocument): string {
  return stringify(JSON.parse(canonicalJson(document)), { lineWidth: 0, aliasDuplicateObjects: false });
}

test('a change of a file shows the changed line among its neighbours', () => {
  const file = (line: string) => sampleConfig('settings', { 'app.conf': `a = 1\n${line}\nc = 3\n` });
  const [change] = diffEntries([entry(file('b = 2'))], [entry(file('b = 4'))]);
  expect(change?.patch).toBe(
    [
      '--- a/Config/settings.yaml',
      '+++ b/Config/settings.yaml',
      '@@ -7,5 +7,5 @@',
      '   files:',
      '     app.conf: |',
      '       a = 1',
      '-      b = 2',
      '+      b = 4',
      '       c = 3',
      '',
    ].join('\n'),
  );
});

test('equal documents are no change, in whatever order their keys are', () => {
  const app = sampleApp();
  const turned = { spec: app.spec, metadata: app.metadata, kind: app.kind, apiVersion: app.apiVersion };
  expect(diffEntries([entry(app)], [entry(turned)])).toEqual([]);
});

test('a new and a deleted document are compared with nothing', () => {
  const [created] = diffEntries([], [entry(sampleApp())]);
  expect(created?.patch).toMatch(/^--- \/dev\/null\n\+\+\+ b\/App\/web\.yaml\n/);
  const [deleted] = diffEntries([entry(sampleApp())], []);
  expect(deleted?.patch).toMatch(/^--- a\/App\/web\.yaml\n\+\+\+ \/dev\/null\n/);
});

test('every patch turns the one text into the other', () => {
  const line = fc.string({ unit: 'grapheme-ascii', maxLength: 12 });
  const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
  const files = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), text, { maxKeys: 3 });
  fc.assert(
    fc.property(files, files, (before, after) => {
      const [from, to] = [sampleConfig('c', before), sampleConfig('c', after)];
      const [change] = diffEntries([entry(from)], [entry(to)]);
      if (change === undefined) return canonicalJson(from) === canonicalJson(to);
      return applyPatch(yamlOf(from), change.patch) === yamlOf(to);
    }),
  );
});

test('texts that share nothing are replaced as a whole, and quickly', () => {
  const lines = (prefix: string) =>
    Array.from({ length: 20_000 }, (_, index) => `${prefix} ${index}`).join('\n');
  const [from, to] = [sampleConfig('c', { f: lines('old') }), sampleConfig('c', { f: lines('new') })];
  const [change] = diffEntries([entry(from)], [entry(to)]);
  expect(applyPatch(yamlOf(from), change?.patch ?? '')).toBe(yamlOf(to));
});

test('a text longer than is compared, made or deleted as a whole, is a patch that applies', () => {
  const long = sampleConfig('c', {
    f: Array.from({ length: 5_000 }, (_, index) => `line ${index}`).join('\n'),
  });
  const [created] = diffEntries([], [entry(long)]);
  expect(applyPatch('', created?.patch ?? '')).toBe(yamlOf(long));
  const [deleted] = diffEntries([entry(long)], []);
  expect(applyPatch(yamlOf(long), deleted?.patch ?? '')).toBe('');
});
