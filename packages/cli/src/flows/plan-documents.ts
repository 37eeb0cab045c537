import { basename } from 'node:path';
import { CliFailure } from '../failure.ts';

/** A document as far as this flow looks into it: the API checks the rest. */
export type Document = {
  apiVersion: unknown;
  kind: string;
  metadata: { name: string; namespace: unknown };
  spec: Record<string, unknown>;
};

const DEFAULT_PORT = 8080;

/** A resource name made from a folder's: lowercase letters, digits and hyphens. Throws where nothing is left. */
export function appNameFor(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  if (name !== '') return name;
  throw new CliFailure(
    `No name for an app can be made of the folder's name "${basename(directory)}". Rename it.`,
  );
}

/**
 * App and Route for a directory that brings no resources of its own. The port is the first that the image exposes. No check
 * is asked for: an instance takes traffic once it listens there, and is looked at each second.
 */
export function documentsFor(name: string, image: string, exposedPorts: readonly number[]): Document[] {
  const port = exposedPorts[0] ?? DEFAULT_PORT;
  const envelope = { apiVersion: 'pod.brainpod.io/v1alpha1', metadata: { name, namespace: 'default' } };
  return [
    {
      ...envelope,
      kind: 'App',
      spec: {
        image,
        env: [{ name: 'PORT', value: String(port) }],
        instance: '1x',
        replicas: 1,
        mounts: [],
      },
    },
    {
      ...envelope,
      kind: 'Route',
      spec: {
        domains: [],
        rules: [{ name: 'web', path: '/', port, backendRef: `urn:brain:app:default:${name}` }],
      },
    },
  ];
}

/** The apps of a resources file that are to run what is built from its directory: their image is their own name. */
export function appsToBuild(documents: readonly Document[]): Document[] {
  return documents.filter(({ kind, metadata, spec }) => kind === 'App' && spec.image === metadata.name);
}

export function withImage(documents: readonly Document[], image: string): Document[] {
  const built = new Set(appsToBuild(documents));
  return documents.map((document) =>
    built.has(document) ? { ...document, spec: { ...document.spec, image } } : document,
  );
}

/** Reads what this flow needs of documents from a file. Throws CliFailure with every fault. */
export function checkDocuments(values: readonly unknown[], file: string): Document[] {
  const faults: string[] = [];
  const documents = values.flatMap((value, index) => {
    const document = readDocument(value);
    if (document === null) faults.push(`document ${index + 1} has no kind, metadata.name or spec`);
    return document === null ? [] : [document];
  });
  if (faults.length > 0) throw new CliFailure(`${file}: ${faults.join('; ')}`);
  return documents;
}

/**
 * Whether writing `wanted` over `stored` would change nothing: all that is wanted is stored, and what is stored
 * beyond it was filled in by the platform.
 */
export function isUnchanged(wanted: unknown, stored: unknown): boolean {
  if (Array.isArray(wanted) && Array.isArray(stored)) {
    return wanted.length === stored.length && wanted.every((item, index) => isUnchanged(item, stored[index]));
  }
  const wantedFields = fieldsOf(wanted);
  const storedFields = fieldsOf(stored);
  if (wantedFields === null || storedFields === null) return Object.is(wanted, stored);
  for (const [key, value] of wantedFields) {
    if (!storedFields.has(key) || !isUnchanged(value, storedFields.get(key))) return false;
  }
  return [...storedFields].every(([key, value]) => wantedFields.has(key) || isFilledIn(key, value));
}

function isFilledIn(key: string, value: unknown): boolean {
  return (
    key === 'hostname' || (key === 'timeout' && value === 60) || (Array.isArray(value) && value.length === 0)
  );
}

function readDocument(value: unknown): Document | null {
  const fields = fieldsOf(value);
  const metadata = fieldsOf(fields?.get('metadata'));
  const spec = fieldsOf(fields?.get('spec'));
  const kind = fields?.get('kind');
  const name = metadata?.get('name');
  if (typeof kind !== 'string' || typeof name !== 'string' || !spec || !metadata || !fields) return null;
  return {
    apiVersion: fields.get('apiVersion'),
    kind,
    metadata: { ...Object.fromEntries(metadata), name, namespace: metadata.get('namespace') },
    spec: Object.fromEntries(spec),
  };
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return new Map<string, unknown>(Object.entries(value));
}
