import { type Kind, RESOURCE_NAMESPACE } from '@brainpod/model/kind';

// Every path of the API is made here. Parts from outside are encoded.

export type Link = { href: string };

type Query = Record<string, string | number | undefined>;

const BASE = '/v1';

function link(parts: readonly string[], query?: Query): Link {
  const path = [BASE, ...parts.map(encodeURIComponent)].join('/');
  // An answer has a dozen links, and hardly any of them a query.
  if (query === undefined) return { href: path };
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return { href: search.size === 0 ? path : `${path}?${search}` };
}

/** Which state of the pod a link to resources is about; without it, the head. */
export type ResourceScope = { revision?: string; at?: string };

/** Which entries of the audit log, and which page of them. */
export type AuditScope = { cursor?: string; limit?: number; operation?: string; from?: string; to?: string };

export const links = {
  me: () => link(['me']),
  pods: () => link(['pods']),
  blueprints: () => link(['blueprints']),
  blueprint: (blueprint: string) => link(['blueprints', blueprint]),
  clusters: () => link(['clusters']),
  keys: () => link(['keys']),
  key: (key: string) => link(['keys', key]),
  rollKey: (key: string) => link(['keys', key, 'roll']),
  audit: (page: AuditScope = {}) => link(['audit'], page),
  podAudit: (pod: string, page: AuditScope = {}) => link(['pods', pod, 'audit'], page),
  pod: (pod: string) => link(['pods', pod]),
  domains: (pod: string) => link(['pods', pod, 'domains']),
  domainCheck: (pod: string, domain: string) => link(['pods', pod, 'domains', domain, 'check']),
  domainCertificate: (pod: string, domain: string) => link(['pods', pod, 'domains', domain, 'certificate']),
  revisions: (pod: string, page: { cursor?: string; limit?: number } = {}) =>
    link(['pods', pod, 'revisions'], page),
  revision: (pod: string, revision: string) => link(['pods', pod, 'revisions', revision]),
  diff: (pod: string, revision: string, base?: string) =>
    link(['pods', pod, 'revisions', revision, 'diff'], { base }),
  resources: (pod: string, scope: ResourceScope = {}) => link(['pods', pod, 'resources'], scope),
  resource: (pod: string, kind: Kind, name: string, scope: ResourceScope = {}) =>
    link(['pods', pod, 'resources', kind, RESOURCE_NAMESPACE, name], scope),
  plan: (pod: string) => link(['pods', pod, 'plan']),
  restart: (pod: string, kind: Kind, name: string) =>
    link(['pods', pod, 'resources', kind, RESOURCE_NAMESPACE, name, 'restart']),
  podLimits: (pod: string) => link(['pods', pod, 'limits']),
  variables: (pod: string, scope: ResourceScope = {}) => link(['pods', pod, 'variables'], scope),
  events: (pod: string, query?: Query) => link(['pods', pod, 'events'], query),
  metrics: (pod: string, query: Query) => link(['pods', pod, 'metrics'], query),
  registryCredentials: (pod: string) => link(['pods', pod, 'registry-credentials']),
  registryCredential: (pod: string, registry: string) =>
    link(['pods', pod, 'registry-credentials', registry]),
  images: (pod: string, page: Query = {}) => link(['pods', pod, 'images'], page),
  builds: (pod: string, page: Query = {}) => link(['pods', pod, 'builds'], page),
  build: (pod: string, build: string) => link(['pods', pod, 'builds', build]),
  buildLog: (pod: string, build: string) => link(['pods', pod, 'builds', build, 'log']),
  cancelBuild: (pod: string, build: string) => link(['pods', pod, 'builds', build, 'cancel']),
  cleanup: (pod: string) => ({
    self: link(['pods', pod, 'images', 'cleanup']),
    pod: link(['pods', pod]),
    images: link(['pods', pod, 'images']),
  }),
  image: (pod: string, image: { visibility: string; repository: string; tag: string }) =>
    link(['pods', pod, 'images', 'inspect'], image),
};
