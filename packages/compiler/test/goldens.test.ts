import { compilePlatform } from '@brainpod/compiler/compile';
import { canonicalJson } from '@brainpod/model/canonical-json';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileCase, goldenCases, platformCases, render, toYaml } from './golden-case.ts';

const cases = goldenCases();

test.each(platformCases())('$name compiles to its output.yaml', async ({ platform, outputFile }) => {
  const text = compilePlatform(platform).map(toYaml).join('---\n');
  await expect(text).toMatchFileSnapshot(outputFile);
});

test.each(cases)('$name compiles to its output.yaml', async (golden) => {
  await expect(render(compileCase(golden), golden.show)).toMatchFileSnapshot(golden.outputFile);
});

test.each(cases)('$name: the order of documents makes no difference', (golden) => {
  const expected = JSON.stringify(compileCase(golden));
  const shuffled = fc.shuffledSubarray(golden.documents, {
    minLength: golden.documents.length,
    maxLength: golden.documents.length,
  });
  fc.assert(
    fc.property(shuffled, (documents) => {
      expect(JSON.stringify(compileCase({ ...golden, documents }))).toBe(expected);
    }),
    { numRuns: 20 },
  );
});

// Diagnostics point at places in lists, so they follow the order within a document.
const compiling = cases.filter((golden) => compileCase(golden).diagnostics.length === 0);

test.each(compiling)('$name: the order of keys, files, domains and rules makes no difference', (golden) => {
  const documents = golden.documents.map((document) => {
    const copy = reversedKeys(structuredClone(document));
    if (copy.kind === 'Route') {
      copy.spec.domains.reverse();
      copy.spec.rules.reverse();
    }
    if (copy.kind === 'App') copy.spec.mounts.reverse();
    return copy;
  });
  expect(canonicalJson(compileCase({ ...golden, documents }))).toBe(canonicalJson(compileCase(golden)));
});

/** The same value with the keys of each object the other way round. */
function reversedKeys<T>(value: T): T {
  return JSON.parse(JSON.stringify(value), (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    return Object.fromEntries(Object.entries(member).reverse());
  });
}
