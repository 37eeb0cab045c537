import { type Connection, type Ok, type paths, RAW } from './connection.ts';

/** With whom a pod signs in at another registry, and since when. */
export type RegistryCredentials = Ok<paths['/v1/pods/{pod}/registry-credentials']['get']>[number];

/** What pods fetch images of other registries with. */
export class RegistryCredentialsClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  /** By registry. */
  async list(pod: string): Promise<RegistryCredentials[]> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/registry-credentials', { params: { path: { pod } }, ...RAW }),
    );
  }

  /** In the place of what was set for the registry. */
  async set(
    pod: string,
    registry: string,
    credentials: { username: string; password: string },
  ): Promise<RegistryCredentials> {
    return await this.#api.answer(
      this.#api.http.PUT('/v1/pods/{pod}/registry-credentials/{registry}', {
        params: { path: { pod, registry } },
        body: credentials,
        ...RAW,
      }),
    );
  }

  async remove(pod: string, registry: string): Promise<RegistryCredentials> {
    return await this.#api.answer(
      this.#api.http.DELETE('/v1/pods/{pod}/registry-credentials/{registry}', {
        params: { path: { pod, registry } },
        ...RAW,
      }),
    );
  }
}
