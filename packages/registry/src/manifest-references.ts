import { listIn, memberOf, parseJson } from './json-parts.ts';

/**
 * The digests of all that must be there for a manifest to be whole: config and layers of an image, manifests of an index. Null
 * where the text is no manifest. What it is about (its subject) is not among them: that may be absent.
 */
export function referencesOf(manifest: Buffer | string): string[] | null {
  const parsed = parseJson(manifest);
  if (typeof parsed !== 'object' || parsed === null) return null;
  const parts = [
    memberOf(parsed, 'config'),
    ...['layers', 'manifests', 'blobs'].flatMap((member) => listIn(parsed, member)),
  ];
  return parts.map((part) => memberOf(part, 'digest')).filter((digest) => typeof digest === 'string');
}
