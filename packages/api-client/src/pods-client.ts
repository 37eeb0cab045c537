import { type Connection, type Ok, type paths, RAW } from './connection.ts';

export type PodChanged = Ok<paths['/v1/pods/{pod}']['patch']>;
export type DeletedPod = Ok<paths['/v1/deleted-pods']['get']>[number];
export type PodLimits = Ok<paths['/v1/pods/{pod}/limits']['get']>;
export type InstanceSize = Ok<paths['/v1/instance-sizes']['get']>[number];

const RESOURCE = '/v1/pods/{pod}/resources/{kind}/{namespace}/{name}';

/** What is done with a pod as a whole. */
export class PodsClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  /** Null takes the display name away. */
  async rename(pod: string, displayName: string | null): Promise<PodChanged> {
    return await this.#api.answer(
      this.#api.http.PATCH('/v1/pods/{pod}', { params: { path: { pod } }, body: { displayName }, ...RAW }),
    );
  }

  async delete(pod: string): Promise<DeletedPod> {
    return await this.#api.answer(
      this.#api.http.DELETE('/v1/pods/{pod}', { params: { path: { pod } }, ...RAW }),
    );
  }

  /** Those that can still be restored. */
  async listDeleted(): Promise<DeletedPod[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/deleted-pods', RAW));
  }

  async restore(pod: string): Promise<PodChanged> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/deleted-pods/{pod}/restore', { params: { path: { pod } }, ...RAW }),
    );
  }

  async stop(pod: string): Promise<PodChanged> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/stop', { params: { path: { pod } }, ...RAW }),
    );
  }

  async start(pod: string): Promise<PodChanged> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/start', { params: { path: { pod } }, ...RAW }),
    );
  }

  async limits(pod: string): Promise<PodLimits> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/limits', { params: { path: { pod } }, ...RAW }),
    );
  }

  async instanceSizes(): Promise<InstanceSize[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/instance-sizes', RAW));
  }

  /** Exchanges the instances of a resource, one after the other. */
  async restartResource(pod: string, kind: string, name: string): Promise<object> {
    return await this.#api.answer(
      this.#api.http.POST(`${RESOURCE}/restart`, {
        params: { path: restartPath(pod, kind, name) },
        ...RAW,
      }),
    );
  }
}

type RestartPath = paths[`${typeof RESOURCE}/restart`]['post']['parameters']['path'];

/** A kind that the API does not know is for the API to refuse. */
function restartPath(pod: string, kind: string, name: string): RestartPath {
  return { pod, kind: kind as RestartPath['kind'], namespace: 'default', name };
}
