export const API_VERSION = 'pod.brainpod.io/v1alpha1';
export const RESOURCE_NAMESPACE = 'default';

/** The kinds that run. The order is that in which lists show them. */
export const KINDS = ['App', 'Config', 'Route'] as const satisfies readonly string[];
export type Kind = (typeof KINDS)[number];

/** Kinds of the public interface that a URN may name, though not all of them run yet. */
export const CONTRACT_KINDS = [
  'App',
  'Config',
  'Route',
  'Postgres',
  'MariaDB',
  'Valkey',
  'Disk',
  'MSSQL',
] as const;
export type ContractKind = (typeof CONTRACT_KINDS)[number];

/** Names the kinds, for a person who named none of them. */
export const KINDS_SENTENCE = `The kinds are ${KINDS.slice(0, -1).join(', ')} and ${KINDS.at(-1)}.`;

export function isKind(value: unknown): value is Kind {
  return KINDS.some((kind) => kind === value);
}

/** Says why a value is none of the kinds that run, for a person. */
export function unknownKindMessage(value: unknown): string {
  if (CONTRACT_KINDS.some((kind) => kind === value))
    return `${value} is not available here yet. ${KINDS_SENTENCE}`;
  if (typeof value !== 'string') return `Must be the name of a kind. ${KINDS_SENTENCE}`;
  return `${JSON.stringify(value)} is not a kind; capitals count. ${KINDS_SENTENCE}`;
}
