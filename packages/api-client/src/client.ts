import createClient, { type Client } from 'openapi-fetch';
import { ConnectionFailure, readEnvelope, UnexpectedAnswer } from './failure.ts';
import { retryingFetch } from './retry.ts';
import type { paths } from './schema.ts';

type Json<Answer> = Answer extends { content: { 'application/json': infer Body } } ? Body : never;
type Ok<Operation> = Operation extends { responses: infer Answers }
  ? { [Status in Extract<keyof Answers, 200 | 201 | 202>]: Json<Answers[Status]> }[Extract<
      keyof Answers,
      200 | 201 | 202
    >]
  : never;

export type User = Ok<paths['/v1/me']['get']>;
export type Cluster = Ok<paths['/v1/clusters']['get']>[number];
export type Pod = Ok<paths['/v1/pods/{pod}']['get']>;
export type Blueprint = Ok<paths['/v1/blueprints']['get']>[number];
export type BlueprintDetail = Ok<paths['/v1/blueprints/{blueprint}']['get']>;
export type RevisionList = Ok<paths['/v1/pods/{pod}/revisions']['get']>;
export type RevisionDetail = Ok<paths['/v1/pods/{pod}/revisions/{revision}']['get']>;
export type RevisionDiff = Ok<paths['/v1/pods/{pod}/revisions/{revision}/diff']['get']>;
export type DeploymentAccepted = Ok<paths['/v1/pods/{pod}/deploy']['post']>;
export type Resource = Ok<paths['/v1/pods/{pod}/resources']['get']>[number];
export type ResourceMutation = Ok<paths['/v1/pods/{pod}/resources/{kind}/{namespace}/{name}']['put']>;
export type ResourcesCreated = Ok<paths['/v1/pods/{pod}/resources']['post']>;
/** Which state of a pod to read: a revision's, or the one that was active at an instant. Empty: the newest. */
export type Version = { revision?: string; at?: string };

export type ClientOptions = {
  /** Origin of the API, such as `https://api.brainpod.io`. */
  endpoint: string;
  /** The API key; null for what needs none. */
  token: string | null;
  timeoutMs?: number;
};

const TIMEOUT_MS = 60_000;

/**
 * The Brainpod API, one method for each operation. Failures are ApiFailure (the API said no), UnexpectedAnswer
 * (something else answered) or ConnectionFailure (nothing did). Documents that a person wrote are sent as they are:
 * the API checks them.
 */
export class BrainpodClient {
  readonly endpoint: string;
  readonly #http: Client<paths>;

  constructor(options: ClientOptions) {
    this.endpoint = options.endpoint.replace(/\/+$/, '');
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#http = createClient<paths>({
      baseUrl: this.endpoint,
      headers: {
        Accept: 'application/json',
        ...(options.token === null ? {} : { Authorization: `Bearer ${options.token}` }),
      },
      fetch: retryingFetch({
        fetch: (request) => this.#fetch(request, timeoutMs),
        sleep: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
        random: Math.random,
      }),
    });
  }

  async currentUser(): Promise<User> {
    return await this.#answer(this.#http.GET('/v1/me', RAW));
  }

  async listClusters(): Promise<Cluster[]> {
    return await this.#answer(this.#http.GET('/v1/clusters', RAW));
  }

  async listPods(): Promise<Pod[]> {
    return await this.#answer(this.#http.GET('/v1/pods', RAW));
  }

  async getPod(pod: string): Promise<Pod> {
    return await this.#answer(this.#http.GET('/v1/pods/{pod}', { params: { path: { pod } }, ...RAW }));
  }

  /** Not repeatable: a second call makes a second pod. */
  async createPod(displayName?: string): Promise<Pod> {
    const body = displayName === undefined ? {} : { body: { displayName } };
    return await this.#answer(this.#http.POST('/v1/pods', { ...body, ...RAW }));
  }

  async listRevisions(pod: string, query: { cursor?: string; limit?: number } = {}): Promise<RevisionList> {
    return await this.#answer(
      this.#http.GET('/v1/pods/{pod}/revisions', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  async getRevision(pod: string, revision: string): Promise<RevisionDetail> {
    return await this.#answer(
      this.#http.GET('/v1/pods/{pod}/revisions/{revision}', { params: { path: { pod, revision } }, ...RAW }),
    );
  }

  async diffRevision(pod: string, revision: string, base?: string): Promise<RevisionDiff> {
    const query = base === undefined ? {} : { base };
    return await this.#answer(
      this.#http.GET('/v1/pods/{pod}/revisions/{revision}/diff', {
        params: { path: { pod, revision }, query },
        ...RAW,
      }),
    );
  }

  async deploy(pod: string, summary?: string): Promise<DeploymentAccepted> {
    const body = summary === undefined ? {} : { summary };
    return await this.#answer(
      this.#http.POST('/v1/pods/{pod}/deploy', { params: { path: { pod } }, body, ...RAW }),
    );
  }

  async redeploy(pod: string): Promise<DeploymentAccepted> {
    return await this.#answer(
      this.#http.POST('/v1/pods/{pod}/redeploy', { params: { path: { pod } }, ...RAW }),
    );
  }

  async listResources(pod: string, query: Version = {}): Promise<Resource[]> {
    return await this.#answer(
      this.#http.GET('/v1/pods/{pod}/resources', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  async getResource(pod: string, kind: string, name: string, query: Version = {}): Promise<Resource> {
    const path = { pod, kind, namespace: 'default', name };
    return await this.#answer(this.#http.GET(RESOURCE, { params: { path: toPath(path), query }, ...RAW }));
  }

  /** All or nothing. With `dryRun` nothing is written and the answer is `{valid: true}`. */
  async createResources(
    pod: string,
    documents: readonly unknown[],
    options: { dryRun: boolean } = { dryRun: false },
  ): Promise<ResourcesCreated> {
    const query = options.dryRun ? { dryRun: 'true' as const } : {};
    return await this.#answer(
      this.#http.POST('/v1/pods/{pod}/resources', {
        params: { path: { pod }, query },
        // Written by a person, checked by the API.
        body: [...documents] as ResourceInputs,
        ...RAW,
      }),
    );
  }

  async replaceResource(
    pod: string,
    kind: string,
    name: string,
    document: unknown,
  ): Promise<ResourceMutation> {
    const path = { pod, kind, namespace: 'default', name };
    return await this.#answer(
      // Written by a person, checked by the API.
      this.#http.PUT(RESOURCE, {
        params: { path: toPath(path) },
        body: document as ResourceReplacement,
        ...RAW,
      }),
    );
  }

  async deleteResource(pod: string, kind: string, name: string): Promise<ResourceMutation> {
    const path = { pod, kind, namespace: 'default', name };
    return await this.#answer(this.#http.DELETE(RESOURCE, { params: { path: toPath(path) }, ...RAW }));
  }

  async listBlueprints(): Promise<Blueprint[]> {
    return await this.#answer(this.#http.GET('/v1/blueprints', RAW));
  }

  async getBlueprint(blueprint: string): Promise<BlueprintDetail> {
    return await this.#answer(
      this.#http.GET('/v1/blueprints/{blueprint}', { params: { path: { blueprint } }, ...RAW }),
    );
  }

  /** Writes into the draft, all or nothing. Inputs that are left out are as the blueprint's defaults. */
  async installBlueprint(
    pod: string,
    blueprint: string,
    input: Record<string, unknown>,
  ): Promise<ResourceMutation> {
    return await this.#answer(
      this.#http.POST('/v1/pods/{pod}/blueprints/{blueprint}/install', {
        params: { path: { pod, blueprint } },
        body: { input },
        ...RAW,
      }),
    );
  }

  async #fetch(request: Request, timeoutMs: number): Promise<Response> {
    try {
      return await fetch(new Request(request, { signal: AbortSignal.timeout(timeoutMs) }));
    } catch (cause) {
      throw new ConnectionFailure(this.endpoint, cause);
    }
  }

  /** The body of a call of which openapi-fetch gives the text, so that a body that is no JSON can be told. */
  async #answer<Body>(call: Promise<{ data?: string; error?: unknown; response: Response }>): Promise<Body> {
    const { data, error, response } = await call;
    const text = data ?? (typeof error === 'string' ? error : JSON.stringify(error ?? ''));
    const body = parseJson(text);
    if (!response.ok)
      throw readEnvelope(body, response.status) ?? new UnexpectedAnswer(response.status, text);
    if (typeof body !== 'object' || body === null) throw new UnexpectedAnswer(response.status, text);
    // The API's own schema describes this body.
    return body as Body;
  }
}

const RAW = { parseAs: 'text' } as const;
const RESOURCE = '/v1/pods/{pod}/resources/{kind}/{namespace}/{name}';
type ResourcePath = paths[typeof RESOURCE]['get']['parameters']['path'];
type ResourceInputs = NonNullable<
  paths['/v1/pods/{pod}/resources']['post']['requestBody']
>['content']['application/json'];
type ResourceReplacement = NonNullable<
  paths[typeof RESOURCE]['put']['requestBody']
>['content']['application/json'];

/** A kind or namespace that the API does not know is for the API to refuse. */
function toPath(path: Record<keyof ResourcePath, string>): ResourcePath {
  return path as ResourcePath;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told apart by the caller: no answer of the API is a bare "undefined".
    return undefined;
  }
}
