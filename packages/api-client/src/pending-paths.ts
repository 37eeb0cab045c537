/** What the description of the API does not have yet: events and images, as the public contract has them. */
type Call<Path, Query, Body, Answer> = {
  parameters: ([Path] extends [never] ? { path?: never } : { path: Path }) & {
    query?: [Query] extends [never] ? never : Query;
  };
  requestBody?: [Body] extends [never] ? never : { content: { 'application/json': Body } };
  responses: { 200: { content: { 'application/json': Answer } } };
};
type Stream<Path, Query, Data> = {
  parameters: { path: Path; query?: Query };
  requestBody?: never;
  responses: { 200: { content: { 'text/event-stream': Data } } };
};
type Link = { href: string };
type Pod = { pod: string };
type DateTime = string;

type EventQuery = {
  resource: string;
  kind?: string;
  level?: string;
  search?: string;
  range?: string;
  cursor?: string;
  duration?: number;
};
type PodEvent = {
  id: string;
  kind: string;
  timestamp: DateTime;
  level?: string;
  body?: string;
  reason?: string;
  status?: number;
  method?: string;
  host?: string;
  path?: string;
  durationMs?: number;
};
type EventList = { items: PodEvent[]; _links: { self: Link; next: Link | null } };
type ImageSummary = {
  repository: string;
  tag: string;
  namespace: string;
  visibility: string;
  architectures: string[];
  digest: string;
  reference: string;
  createdAt: DateTime | null;
};
type ImageList = { items: ImageSummary[]; total: number; _links: { self: Link; next: Link | null } };
type ImageVariant = {
  architecture: string;
  digest: string;
  reference: string;
  uid: number | null;
  gid: number | null;
  exposedPorts: string[];
  createdAt: DateTime;
};
type ImageDetail = {
  repository: string;
  tag: string;
  namespace: string;
  visibility: string;
  reference: string;
  variants: ImageVariant[];
};
type ImageQuery = { search?: string; visibility?: string; limit: number; offset: number };

export type PendingPaths = {
  '/v1/pods/{pod}/events': { get: Call<Pod, EventQuery, never, EventList> };
  '/v1/pods/{pod}/events/watch': { get: Stream<Pod, EventQuery, PodEvent> };
  '/v1/pods/{pod}/images': { get: Call<Pod, ImageQuery, never, ImageList> };
  '/v1/pods/{pod}/images/inspect': {
    get: Call<Pod, { visibility: string; repository: string; tag: string }, never, ImageDetail>;
  };
};
