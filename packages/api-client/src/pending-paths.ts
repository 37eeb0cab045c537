/** What the description of the API does not have yet: images, as the public contract has them. */
type Call<Path, Query, Body, Answer> = {
  parameters: ([Path] extends [never] ? { path?: never } : { path: Path }) & {
    query?: [Query] extends [never] ? never : Query;
  };
  requestBody?: [Body] extends [never] ? never : { content: { 'application/json': Body } };
  responses: { 200: { content: { 'application/json': Answer } } };
};
type Link = { href: string };
type Pod = { pod: string };
type DateTime = string;

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
  '/v1/pods/{pod}/images': { get: Call<Pod, ImageQuery, never, ImageList> };
  '/v1/pods/{pod}/images/inspect': {
    get: Call<Pod, { visibility: string; repository: string; tag: string }, never, ImageDetail>;
  };
};
