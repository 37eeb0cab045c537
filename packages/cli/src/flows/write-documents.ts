import type { BrainpodClient, Resource } from '@brainpod/api-client/client';
import { type Document, isUnchanged } from './plan-documents.ts';

export type Written = { created: string[]; replaced: string[]; unchanged: string[] };

/**
 * Brings the pod's draft to these documents: creates what is not there in one batch, replaces what differs, leaves
 * alone what is as wanted and what the documents do not name. A Route keeps the hostname that it was given.
 */
export async function writeDocuments(
  client: BrainpodClient,
  pod: string,
  documents: readonly Document[],
): Promise<Written> {
  const stored = new Map(
    (await client.listResources(pod)).map((resource) => [keyOf(resource.content), resource]),
  );
  const written: Written = { created: [], replaced: [], unchanged: [] };
  const missing = documents.filter((document) => !stored.has(keyOf(document)));
  if (missing.length > 0) {
    await client.createResources(pod, missing);
    written.created.push(...missing.map(keyOf));
  }
  for (const document of documents) {
    const before = stored.get(keyOf(document));
    if (before === undefined) continue;
    if (isUnchanged(document, before.content)) {
      written.unchanged.push(keyOf(document));
      continue;
    }
    await client.replaceResource(pod, document.kind, document.metadata.name, withHostname(document, before));
    written.replaced.push(keyOf(document));
  }
  return written;
}

function withHostname(document: Document, before: Resource): Document {
  if (before.content.kind !== 'Route' || document.spec.hostname !== undefined) return document;
  return { ...document, spec: { ...document.spec, hostname: before.content.spec.hostname } };
}

function keyOf(document: { kind: string; metadata: { name: string } }): string {
  return `${document.kind}/${document.metadata.name}`;
}
