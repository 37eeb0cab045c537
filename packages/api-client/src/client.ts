import { ActivityClient } from './activity-client.ts';
import {
  type ClientOptions,
  Connection,
  type EventOf,
  type Ok,
  type paths,
  quoted,
  RAW,
  streamAfter,
} from './connection.ts';
import { DomainsClient } from './domains-client.ts';
import { ImageClient } from './image-client.ts';
import { KeysClient } from './keys-client.ts';
import { OperatorClient } from './operator-client.ts';
import { PodsClient } from './pods-client.ts';
import { RegistryCredentialsClient } from './registry-credentials-client.ts';

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
export type RevisionProgress = EventOf<paths['/v1/pods/{pod}/revisions/{revision}/watch']['get']>;
export type Plan = Ok<paths['/v1/pods/{pod}/plan']['get']>;
export type Variable = Ok<paths['/v1/pods/{pod}/variables']['get']>['items'][number];
export type Resolved = Ok<paths['/v1/pods/{pod}/resources/resolve/{identifier}']['get']>;
/** Whose an image is. */
export type Visibility = 'public' | 'pod';
export type ImageList = Ok<paths['/v1/pods/{pod}/images']['get']>;
export type ImageDetail = Ok<paths['/v1/pods/{pod}/images/inspect']['get']>;
export type ResourceMutation = Ok<paths['/v1/pods/{pod}/resources/{kind}/{namespace}/{name}']['put']>;
export type ResourcesCreated = Ok<paths['/v1/pods/{pod}/resources']['post']>;
/** Which state of a pod to read: a revision's, or the one that was active at an instant. Empty: the newest. */
export type Version = { revision?: string; at?: string };

/**
 * The Brainpod API, one method for each operation. Failures are ApiFailure (the API said no), UnexpectedAnswer
 * (something else answered) or ConnectionFailure (nothing did). Documents that a person wrote are sent as they are:
 * the API checks them.
 */
export class BrainpodClient {
  readonly endpoint: string;
  readonly pods: PodsClient;
  readonly keys: KeysClient;
  readonly operator: OperatorClient;
  readonly activity: ActivityClient;
  readonly domains: DomainsClient;
  readonly images: ImageClient;
  readonly registryCredentials: RegistryCredentialsClient;
  readonly #api: Connection;

  constructor(options: ClientOptions) {
    this.#api = new Connection(options);
    this.endpoint = this.#api.endpoint;
    this.pods = new PodsClient(this.#api);
    this.keys = new KeysClient(this.#api);
    this.operator = new OperatorClient(this.#api);
    this.activity = new ActivityClient(this.#api);
    this.domains = new DomainsClient(this.#api);
    this.images = new ImageClient(this.#api);
    this.registryCredentials = new RegistryCredentialsClient(this.#api);
  }

  async currentUser(): Promise<User> {
    return await this.#api.answer(this.#api.http.GET('/v1/me', RAW));
  }

  async listClusters(): Promise<Cluster[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/clusters', RAW));
  }

  async listPods(): Promise<Pod[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/pods', RAW));
  }

  async getPod(pod: string): Promise<Pod> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}', { params: { path: { pod } }, ...RAW }),
    );
  }

  /** In the cluster with this id, or in the platform's own choice. */
  async createPod(displayName?: string, cluster?: string): Promise<Pod> {
    const fields = {
      ...(displayName === undefined ? {} : { displayName }),
      ...(cluster === undefined ? {} : { cluster }),
    };
    const body = Object.keys(fields).length === 0 ? {} : { body: fields };
    return await this.#api.answer(this.#api.http.POST('/v1/pods', { ...body, ...RAW }));
  }

  async listRevisions(pod: string, query: { cursor?: string; limit?: number } = {}): Promise<RevisionList> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/revisions', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  async getRevision(pod: string, revision: string): Promise<RevisionDetail> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/revisions/{revision}', {
        params: { path: { pod, revision } },
        ...RAW,
      }),
    );
  }

  async diffRevision(pod: string, revision: string, base?: string): Promise<RevisionDiff> {
    const query = base === undefined ? {} : { base };
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/revisions/{revision}/diff', {
        params: { path: { pod, revision }, query },
        ...RAW,
      }),
    );
  }

  /** `ifMatch`: the tag of the plan or draft that is to be deployed as it was read; else PRECONDITION_FAILED. */
  async deploy(pod: string, summary?: string, ifMatch?: string): Promise<DeploymentAccepted> {
    const body = summary === undefined ? {} : { summary };
    const headers = ifMatch === undefined ? {} : { headers: { 'If-Match': quoted(ifMatch) } };
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/deploy', { params: { path: { pod } }, body, ...headers, ...RAW }),
    );
  }

  /** What a deploy of the draft would do. */
  async getPlan(pod: string): Promise<Plan> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/plan', { params: { path: { pod } }, ...RAW }),
    );
  }

  async rollback(
    pod: string,
    body: { revision: string; summary?: string; discardDraft?: boolean },
  ): Promise<DeploymentAccepted> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/rollback', { params: { path: { pod } }, body, ...RAW }),
    );
  }

  async cancelRevision(pod: string, revision: string): Promise<DeploymentAccepted> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/revisions/{revision}/cancel', {
        params: { path: { pod, revision } },
        ...RAW,
      }),
    );
  }

  /** How a revision stands, now and at each change, until it is finished or the time of one stream is over. */
  async *watchRevision(
    pod: string,
    revision: string,
    options: { durationSeconds: number; lastEventId: string; signal?: AbortSignal },
  ): AsyncGenerator<{ id: string; progress: RevisionProgress }> {
    const call = this.#api.http.GET('/v1/pods/{pod}/revisions/{revision}/watch', {
      params: { path: { pod, revision }, query: { duration: options.durationSeconds } },
      ...streamAfter(options.lastEventId),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    for await (const { id, data } of this.#api.records(call, ['revision'])) {
      // The API's own schema describes these events.
      yield { id, progress: JSON.parse(data) as RevisionProgress };
    }
  }

  async redeploy(pod: string): Promise<DeploymentAccepted> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/redeploy', { params: { path: { pod } }, ...RAW }),
    );
  }

  async listResources(pod: string, query: Version = {}): Promise<Resource[]> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/resources', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  async getResource(pod: string, kind: string, name: string, query: Version = {}): Promise<Resource> {
    const path = { pod, kind, namespace: 'default', name };
    return await this.#api.answer(
      this.#api.http.GET(RESOURCE, { params: { path: toPath(path), query }, ...RAW }),
    );
  }

  /** All or nothing. With `dryRun` nothing is written and the answer is `{valid: true}`. */
  async createResources(
    pod: string,
    documents: readonly unknown[],
    options: { dryRun: boolean } = { dryRun: false },
  ): Promise<ResourcesCreated> {
    const query = options.dryRun ? { dryRun: 'true' as const } : {};
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/resources', {
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
    return await this.#api.answer(
      // Written by a person, checked by the API.
      this.#api.http.PUT(RESOURCE, {
        params: { path: toPath(path) },
        body: document as ResourceReplacement,
        ...RAW,
      }),
    );
  }

  async deleteResource(pod: string, kind: string, name: string): Promise<ResourceMutation> {
    const path = { pod, kind, namespace: 'default', name };
    return await this.#api.answer(
      this.#api.http.DELETE(RESOURCE, { params: { path: toPath(path) }, ...RAW }),
    );
  }

  /** What may be named in an App's env: of one version of the pod. */
  async listVariables(pod: string, query: Version = {}): Promise<{ items: Variable[] }> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/variables', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  /** The URN of a resource that is named by its name, its URN or its id. */
  async resolveResource(pod: string, identifier: string): Promise<Resolved> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/resources/resolve/{identifier}', {
        params: { path: { pod, identifier } },
        ...RAW,
      }),
    );
  }

  async listImages(
    pod: string,
    query: { search?: string; visibility?: 'all' | Visibility; limit: number; offset: number },
  ): Promise<ImageList> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/images', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  async inspectImage(
    pod: string,
    query: { repository: string; tag: string; visibility: Visibility },
  ): Promise<ImageDetail> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/images/inspect', { params: { path: { pod }, query }, ...RAW }),
    );
  }

  async listBlueprints(): Promise<Blueprint[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/blueprints', RAW));
  }

  async getBlueprint(blueprint: string): Promise<BlueprintDetail> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/blueprints/{blueprint}', { params: { path: { blueprint } }, ...RAW }),
    );
  }

  /** Writes into the draft, all or nothing. Inputs that are left out are as the blueprint's defaults. */
  async installBlueprint(
    pod: string,
    blueprint: string,
    input: Record<string, unknown>,
  ): Promise<ResourceMutation> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/blueprints/{blueprint}/install', {
        params: { path: { pod, blueprint } },
        body: { input },
        ...RAW,
      }),
    );
  }
}

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
