import Type, { type Static } from 'typebox';
import type { Fault } from '../fault.ts';
import { parseNetworkRange } from '../network-range.ts';
import { Port, resourceOf } from './envelope.ts';
import { duplicates, type Rule } from './rule.ts';
import { nameInUrn, urnOf } from './urn-field.ts';

const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

const Hostname = Type.String({
  minLength: 1,
  maxLength: 253,
  pattern: `^${LABEL}(\\.${LABEL})*$`,
  description: 'a host name in lowercase, such as shop.example.com',
});

const Domain = Type.String({
  minLength: 3,
  maxLength: 253,
  pattern: `^(${LABEL}\\.)+[a-z]{2,63}$`,
  description: 'a domain of your own in lowercase, such as www.example.com',
});

const MAX_PATH_CHARACTERS = 1024;
const PATH_CHARACTERS = /^([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;

const RoutePath = Type.Refine(
  Type.String({
    pattern: '^/',
    maxLength: MAX_PATH_CHARACTERS,
    description: 'a path that starts with "/", such as /api',
  }),
  (path) => pathFault(path) === undefined,
  (path) => pathFault(path) ?? '',
);

const RouteRule = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 63 }),
  path: RoutePath,
  port: Port,
  backendRef: urnOf('App'),
  protocol: Type.Optional(
    Type.Union([Type.Literal('http1'), Type.Literal('http2')], {
      description:
        'what the App speaks at this port: "http1", also where nothing is said, or "http2", as gRPC needs it',
    }),
  ),
});

const MAX_NETWORKS = 100;

const NetworkRange = Type.Refine(
  Type.String({
    pattern: '^[0-9a-fA-F:.]+(/[0-9]{1,3})?$',
    description: 'a network such as 192.0.2.0/24 or 2001:db8::/32, or one address',
  }),
  (text) => parseNetworkRange(text) !== undefined,
  () => 'Must be a network such as 192.0.2.0/24 or 2001:db8::/32, or one address.',
);

/** How long a request may be silent where a Route says nothing. */
export const DEFAULT_ROUTE_TIMEOUT_SECONDS = 60;

const shared = {
  domains: Type.Optional(Type.Array(Domain, { maxItems: 9, default: [] })),
  rules: Type.Array(RouteRule, { minItems: 1 }),
  timeout: Type.Optional(Type.Integer({ minimum: 1, maximum: 300, default: DEFAULT_ROUTE_TIMEOUT_SECONDS })),
  allow: Type.Optional(
    Type.Array(NetworkRange, {
      minItems: 1,
      maxItems: MAX_NETWORKS,
      description: 'the only networks from which requests are let in; without it, all are',
    }),
  ),
};

export const RouteInputSchema = resourceOf(
  'Route',
  Type.Object({ hostname: Type.Optional(Hostname), ...shared }),
);
export const RouteDocumentSchema = resourceOf('Route', Type.Object({ hostname: Hostname, ...shared }));

type Written = Static<typeof RouteInputSchema>;
type Kept = Static<typeof RouteDocumentSchema>;
type Filled<D extends Written> = Omit<D, 'spec'> & {
  spec: Omit<D['spec'], 'domains' | 'timeout'> & { domains: string[]; timeout: number };
};

/** A Route as a person writes it: the host name may be left to the platform. */
export type RouteInput = Filled<Written>;
/** A Route as it is kept: its host name is assigned. */
export type RouteDocument = Filled<Kept>;

/** Fills in what a document may leave out. */
export function completeRouteInput(route: Written): RouteInput {
  return { ...route, spec: { ...route.spec, ...defaultsOf(route) } };
}

/** As completeRouteInput, of a Route whose host name is assigned. */
export function completeRouteDocument(route: Kept): RouteDocument {
  return { ...route, spec: { ...route.spec, ...defaultsOf(route) } };
}

function defaultsOf({ spec }: Written): { domains: string[]; timeout: number } {
  return { domains: spec.domains ?? [], timeout: spec.timeout ?? DEFAULT_ROUTE_TIMEOUT_SECONDS };
}

export const ROUTE_RULES: readonly Rule<Written>[] = [
  { reads: ['spec.domains'], check: domainsDiffer },
  { reads: ['spec.rules'], check: pathsDiffer },
];

/** The name of the App that a rule leads to. */
export function backendNameOf(backendRef: string): string {
  return nameInUrn(backendRef);
}

function domainsDiffer({ spec }: Written): Fault[] {
  return duplicates(
    spec.domains ?? [],
    (index) => `spec.domains[${index}]`,
    (first) => `Is listed already at ${first}.`,
  );
}

function pathsDiffer({ spec }: Written): Fault[] {
  // "/api" and "/api/" match the same requests.
  const paths = spec.rules.map((rule) => rule.path.replace(/\/+$/, ''));
  return duplicates(
    paths,
    (index) => `spec.rules[${index}].path`,
    (first) => `Matches the same requests as ${first}, so this rule would never be used.`,
  );
}

function pathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  if (!PATH_CHARACTERS.test(path))
    return 'Must hold only characters of a URL path; write others as %XX, and no query.';
  if (/%2f/i.test(path)) return 'Must not contain an encoded "/" (%2F).';
  if (path.includes('//')) return 'Must not contain "//".';
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    return 'Must not contain "." or ".." as a part.';
  }
  return undefined;
}
