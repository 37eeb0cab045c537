import { type Connection, type Ok, type paths, RAW } from './connection.ts';

export type ApiKey = Ok<paths['/v1/keys']['get']>[number];
/** With its secret, which is told this once. */
export type NewApiKey = Ok<paths['/v1/keys']['post']>;
type NewKeyBody = NonNullable<paths['/v1/keys']['post']['requestBody']>['content']['application/json'];

/** The API keys of the account. */
export class KeysClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  async list(): Promise<ApiKey[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/keys', RAW));
  }

  async create(body: { name: string; policy: unknown; expiresAt?: string }): Promise<NewApiKey> {
    return await this.#api.answer(
      // A policy may be written by a person: the API checks it.
      this.#api.http.POST('/v1/keys', { body: body as NewKeyBody, ...RAW }),
    );
  }

  /** A new secret; the one before is dead at once. */
  async roll(key: string): Promise<NewApiKey> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/keys/{key}/roll', { params: { path: { key } }, ...RAW }),
    );
  }

  async revoke(key: string): Promise<ApiKey> {
    return await this.#api.answer(
      this.#api.http.DELETE('/v1/keys/{key}', { params: { path: { key } }, ...RAW }),
    );
  }
}
