import type { ResourceDocument } from '@brainpod/model/document';
import { documentHash } from '@brainpod/store/documents';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  contentExpectation,
  contentTag,
  documentTag,
  matches,
  parseIfMatch,
  resourceExpectation,
} from './etag.ts';

function entryOf(document: ResourceDocument) {
  const { kind, metadata } = document;
  return { kind, name: metadata.name, uid: '', hash: documentHash(document), document };
}

const app = entryOf(sampleApp());
const other = entryOf(sampleApp('other'));
const config = entryOf(sampleConfig());

describe('a tag', () => {
  it('does not depend on any order', () => {
    expect(contentTag([app, other, config])).toBe(contentTag([config, other, app]));
    const { apiVersion, kind, metadata, spec } = sampleApp();
    expect(documentTag(entryOf({ spec, metadata, kind, apiVersion }))).toBe(documentTag(app));
  });

  it('is another for another content', () => {
    const tags = [[], [app], [other], [app, other], [app, config]].map(contentTag);
    expect(new Set(tags).size).toBe(tags.length);
    expect(contentTag([app])).not.toBe(documentTag(app));
  });

  it('is matched by itself, in a list or not', () => {
    const tag = contentTag([app]);
    for (const header of [tag, ` ${tag} `, `"x",${tag}`, `W/"y" , ${tag}`, '*', ' * ']) {
      expect([header, matches(parseIfMatch(header) ?? [], tag)]).toEqual([header, true]);
    }
  });

  it('is never matched as a weak one', () => {
    const tag = contentTag([app]);
    expect(matches(parseIfMatch(`W/${tag}`) ?? [], tag)).toBe(false);
  });
});

test.each(['', 'abc', '"a" "b"', '"a', 'a"', "'a'", 'w/"a"', '*, "a"', '"a",', '"a b"'])(
  '%j is refused',
  (header) => {
    expect(() => parseIfMatch(header)).toThrow('BAD_REQUEST');
  },
);

test('any list of tags is read', () => {
  const tag = fc.stringMatching(/^[!#-+\--~]*$/).map((text) => `"${text}"`);
  fc.assert(
    fc.property(fc.array(tag, { minLength: 1 }), (tags) => {
      expect(parseIfMatch(tags.join(', '))).toEqual(tags);
    }),
  );
});

describe('an expectation', () => {
  it('is none without the header', () => {
    expect(contentExpectation(undefined)).toEqual({});
    expect(resourceExpectation(undefined, app)).toEqual({});
  });

  it('of the content lets the same pass, and names all there is otherwise', () => {
    const { expect: check } = contentExpectation(contentTag([app, config]));
    expect(() => check?.([config, app])).not.toThrow();
    expect(() => check?.([app])).toThrow(
      expect.objectContaining({
        code: 'PRECONDITION_FAILED',
        details: [{ path: 'App/web', message: expect.stringContaining(documentTag(app)) }],
      }),
    );
  });

  it('of a resource looks at nothing but that, and lets one that is gone pass', () => {
    const { expect: check } = resourceExpectation(documentTag(app), app);
    expect(() => check?.([app, other])).not.toThrow();
    expect(() => check?.([])).not.toThrow();
    const changed = entryOf(sampleApp('web', { image: 'docker.io/library/changed:1' }));
    expect(() => check?.([changed])).toThrow(
      expect.objectContaining({ details: [{ path: 'App/web', message: expect.any(String) }] }),
    );
  });
});
