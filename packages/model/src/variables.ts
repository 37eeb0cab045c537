import type { Fault } from './fault.ts';
import type { AppDocument } from './kinds/app.ts';
import type { ConfigDocument } from './kinds/config.ts';
import type { RouteDocument } from './kinds/route.ts';
import { formatReference } from './reference.ts';

/** A pod's documents, by kind. */
export type PodDocuments = {
  apps: readonly AppDocument[];
  configs: readonly ConfigDocument[];
  routes: readonly RouteDocument[];
};

/** The variables that other resources may refer to, by kind. Apps and Configs offer none. */
export const VARIABLES_BY_KIND = {
  App: [],
  Config: [],
  Route: [{ name: 'host', secret: false, description: 'The host name under which the route is reached.' }],
} as const;

/** Looks a variable up by resource name; where two kinds share the name, the variable decides. */
export function resolveVariable(pod: PodDocuments, name: string, variable: string): string | undefined {
  if (variable !== 'host') return undefined;
  return pod.routes.find((route) => route.metadata.name === name)?.spec.hostname;
}

/** Why a reference leads nowhere, for a person. */
export function danglingReference(pod: PodDocuments, name: string, variable: string, path: string): Fault {
  const reference = formatReference(name, variable);
  const named = [...pod.apps, ...pod.configs, ...pod.routes].filter(
    (document) => document.metadata.name === name,
  );
  if (named.length === 0) {
    return { path, message: `${reference} refers to "${name}", but this pod has no resource of that name.` };
  }
  const offers = named.map(({ kind }) => {
    const names = VARIABLES_BY_KIND[kind].map((offered) => offered.name);
    return names.length === 0
      ? `${kind} "${name}" has no variables`
      : `${kind} "${name}" has only ${names.join(', ')}`;
  });
  return { path, message: `${reference} refers to a variable that does not exist: ${offers.join('; ')}.` };
}
