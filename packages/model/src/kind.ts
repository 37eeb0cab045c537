export const API_VERSION = 'pod.brainpod.io/v1alpha1';
export const RESOURCE_NAMESPACE = 'default';

/** Every kind of the public interface. The order is that in which lists show them. */
export const KINDS = [
  'App',
  'Config',
  'Route',
  'Postgres',
  'MariaDB',
  'Valkey',
  'Disk',
  'MSSQL',
] as const satisfies readonly string[];
export type Kind = (typeof KINDS)[number];

/** The kinds that can be deployed. The others can be written, planned and compared. */
const RUNNING_KINDS = ['App', 'Config', 'Route'] as const satisfies readonly Kind[];
export type RunningKind = (typeof RUNNING_KINDS)[number];

/** The kinds that are databases: reached inside the pod by their name, with their data on a Disk. */
export const DATABASE_KINDS = ['Postgres', 'MariaDB', 'Valkey', 'MSSQL'] as const satisfies readonly Kind[];
export type DatabaseKind = (typeof DATABASE_KINDS)[number];

/** The kinds whose name is also a host name inside the pod, so that no two of them may share one. */
export type AddressableKind = 'App' | DatabaseKind;

/** Names the kinds, for a person who named none of them. */
const KINDS_SENTENCE = `The kinds are ${KINDS.slice(0, -1).join(', ')} and ${KINDS.at(-1)}.`;

export function isKind(value: unknown): value is Kind {
  return KINDS.some((kind) => kind === value);
}

export function isRunning(kind: Kind): kind is RunningKind {
  return RUNNING_KINDS.some((running) => running === kind);
}

export function isDatabaseKind(kind: Kind): kind is DatabaseKind {
  return DATABASE_KINDS.some((database) => database === kind);
}

/** "an App", "a Route": the kind as it stands in a sentence. */
export function withArticle(kind: Kind): string {
  return `${kind === 'App' || kind === 'MSSQL' ? 'an' : 'a'} ${kind}`;
}

/** Says why a value is no kind, for a person. */
export function unknownKindMessage(value: unknown): string {
  if (value === undefined) return `Is missing. ${KINDS_SENTENCE}`;
  if (typeof value !== 'string') return `Must be the name of a kind. ${KINDS_SENTENCE}`;
  return `${JSON.stringify(value)} is not a kind; capitals count. ${KINDS_SENTENCE}`;
}
