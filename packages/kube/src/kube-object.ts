/** A Kubernetes object of any kind: what every object has, and the rest as it came. */
export type KubeObject = {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
};

export type ObjectMeta = {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
};

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
};

/** Enough of an object to address it. `namespace` is absent for cluster-wide kinds. */
export type ObjectRef = {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
};

export type KindRef = { apiVersion: string; kind: string };

/** One text per object of a cluster, equal for equal addresses. */
export function objectKey(ref: ObjectRef): string {
  return `${kindKey(ref)}/${ref.metadata.namespace ?? ''}/${ref.metadata.name}`;
}

/** One text per kind and version of a cluster. */
export function kindKey(kind: KindRef): string {
  return `${kind.apiVersion}/${kind.kind}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads an object from a response. `kind` stands in where a list leaves the type of its items out.
 * Throws a TypeError on anything that is not a Kubernetes object.
 */
export function parseKubeObject(value: unknown, kind?: KindRef): KubeObject {
  if (!isRecord(value) || !isRecord(value.metadata) || typeof value.metadata.name !== 'string') {
    throw new TypeError('the cluster answered with something that is not an object with a name');
  }
  const apiVersion = kind?.apiVersion ?? value.apiVersion;
  const kindName = kind?.kind ?? value.kind;
  if (typeof apiVersion !== 'string' || typeof kindName !== 'string') {
    throw new TypeError('the cluster answered with an object without apiVersion and kind');
  }
  // The API server guarantees the types of metadata's fields for every kind; the name was checked above.
  const metadata = value.metadata as ObjectMeta;
  return { ...value, apiVersion, kind: kindName, metadata };
}

/**
 * Compares two resource versions of one kind: negative when `a` is older. They are decimal numbers
 * of any length; Kubernetes guarantees that order since 1.35.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
