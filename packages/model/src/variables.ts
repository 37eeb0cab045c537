// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.

import { type DatabaseKind, isDatabaseKind, KINDS, type Kind, withArticle } from './kind.ts';
import { DATABASE_PORTS, DATABASE_USER } from './kinds/database.ts';
import { allOf, type PodDocuments } from './pod-documents.ts';
import { formatReference } from './reference.ts';
import type { ResourceDocument, ResourceInput } from './resource-document.ts';
import { formatUrn } from './urn.ts';

/**
 * A variable that resources of a kind offer to others. A template shows what a value is made of, with
 * `<name>` for the name of the resource.
 */
export type OfferedVariable = { name: string; secret: boolean; description: string; template?: string };

/**
 * A variable of one resource. `value` is null where it is secret or not known yet; `resolved` says whether the
 * platform knows the value.
 */
export type Variable = OfferedVariable & {
  urn: string;
  ref: string;
  resolved: boolean;
  value: string | null;
};

/** The variables that resources of each kind offer to others. */
export const VARIABLES_BY_KIND: Record<Kind, readonly OfferedVariable[]> = {
  App: [],
  Config: [],
  Route: [{ name: 'host', secret: false, description: 'The host name under which the route is reached.' }],
  Postgres: databaseVariables('Postgres', {
    users: true,
    uri: 'postgres://${<name>.user}:${<name>.password}@<name>:5432/${<name>.database}?sslmode=require',
  }),
  MariaDB: databaseVariables('MariaDB', {
    users: true,
    uri: 'mysql://${<name>.user}:${<name>.password}@<name>:3306/${<name>.database}',
  }),
  Valkey: databaseVariables('Valkey', { users: false, uri: 'rediss://:${<name>.password}@<name>:6379' }),
  Disk: [],
  MSSQL: databaseVariables('MSSQL', {
    users: true,
    uri: 'mssql://${<name>.user}:${<name>.password}@<name>:1433/${<name>.database}?encrypt=true',
  }),
};

/** Where a reference leads: the resource, and its variable with the value as far as it is known. */
export type VariableTarget = { document: ResourceDocument; variable: OfferedVariable; value: string | null };

/** All that a reference may mean. Names are the same in several kinds; of those, the variable decides. */
export function targetsOf(pod: PodDocuments, name: string, variable: string): VariableTarget[] {
  return allOf(pod)
    .filter((document) => document.metadata.name === name)
    .flatMap((document) =>
      VARIABLES_BY_KIND[document.kind]
        .filter((offered) => offered.name === variable)
        .map((offered) => ({ document, variable: offered, value: knownValue(document, offered) })),
    );
}

/** Why a reference does not lead to just one value, for a person; undefined if it does. */
export function referenceFault(
  pod: PodDocuments,
  reference: { name: string; variable: string },
): string | undefined {
  const { name, variable } = reference;
  const targets = targetsOf(pod, name, variable);
  if (targets.length === 1) return undefined;
  const text = formatReference(name, variable);
  if (targets.length > 1) {
    const owners = targets.map(({ document }) => withArticle(document.kind)).join(' and ');
    return `${text} could mean more than one thing: ${owners} of that name offer it. Rename one of them.`;
  }
  const named = allOf(pod).filter((document) => document.metadata.name === name);
  if (named.length === 0) return `${text} refers to "${name}", but this pod has no resource of that name.`;
  const offers = named.map(({ kind }) => {
    const names = VARIABLES_BY_KIND[kind].map((offered) => offered.name);
    return names.length === 0
      ? `${kind} "${name}" has no variables`
      : `${kind} "${name}" has only ${names.join(', ')}`;
  });
  return `${text} refers to a variable that does not exist: ${offers.join('; ')}.`;
}

/** The variables that one resource offers, with the values that are known and not secret. */
export function variablesOf(document: ResourceInput): Variable[] {
  const { kind } = document;
  const { name } = document.metadata;
  return VARIABLES_BY_KIND[kind].map((offered) => {
    const value = knownValue(document, offered);
    return {
      urn: formatUrn(kind, name),
      name: offered.name,
      ref: formatReference(name, offered.name),
      secret: offered.secret,
      // Secrets are made when a database first runs.
      resolved: value !== null,
      value,
      description: offered.description,
      ...(offered.template === undefined ? {} : { template: offered.template.replaceAll('<name>', name) }),
    };
  });
}

/** The variables of all resources of a pod, in the order of kinds, then names. */
export function liveVariables(documents: readonly ResourceInput[]): Variable[] {
  return documents
    .toSorted((a, b) => {
      const byKind = KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind);
      return byKind !== 0 ? byKind : a.metadata.name < b.metadata.name ? -1 : 1;
    })
    .flatMap(variablesOf);
}

function databaseVariables(
  kind: DatabaseKind,
  { users, uri }: { users: boolean; uri: string },
): OfferedVariable[] {
  const userVariables = [
    { name: 'user', secret: false, description: 'The name to log in with.' },
    { name: 'database', secret: false, description: 'The name of the database in it.' },
  ];
  return [
    { name: 'host', secret: false, description: `The host name of the ${kind} inside the pod.` },
    { name: 'port', secret: false, description: 'The port it listens on, with TLS.' },
    ...(users ? userVariables : []),
    { name: 'password', secret: true, description: 'The password to log in with.' },
    { name: 'uri', secret: true, description: 'All that is needed to connect, in one.', template: uri },
  ];
}

function knownValue(document: ResourceInput, { name, secret }: OfferedVariable): string | null {
  if (secret) return null;
  const { kind } = document;
  if (kind === 'Route') return document.spec.hostname ?? null;
  if (!isDatabaseKind(kind)) return null;
  const values = new Map([
    ['host', document.metadata.name],
    ['port', String(DATABASE_PORTS[kind])],
    ['user', DATABASE_USER],
    ['database', DATABASE_USER],
  ]);
  return values.get(name) ?? null;
}
