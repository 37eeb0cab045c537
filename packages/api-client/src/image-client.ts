import { type Connection, type Ok, type paths, RAW } from './connection.ts';

const CLEANUP = '/v1/pods/{pod}/images/cleanup';

/** What a clean-up would delete and keep, and why. */
export type ImageCleanup = Ok<paths[typeof CLEANUP]['get']>;
export type CleanupPolicy = ImageCleanup['policy'];
export type DeletedImages = Ok<paths[typeof CLEANUP]['post']>;

/** What is done about images that are not needed any longer. */
export class ImageClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  /** Changes nothing. */
  async cleanup(pod: string): Promise<ImageCleanup> {
    return await this.#api.answer(this.#api.http.GET(CLEANUP, { params: { path: { pod } }, ...RAW }));
  }

  /** What is left out is as by default. */
  async setCleanup(pod: string, policy: Partial<CleanupPolicy>): Promise<void> {
    await this.#api.answer(this.#api.http.PUT(CLEANUP, { params: { path: { pod } }, body: policy, ...RAW }));
  }

  /** Deletes what `cleanup` shows. */
  async cleanUp(pod: string): Promise<DeletedImages> {
    return await this.#api.answer(this.#api.http.POST(CLEANUP, { params: { path: { pod } }, ...RAW }));
  }

  /** `reference` is a tag or a digest. */
  async delete(pod: string, query: { repository: string; reference: string }): Promise<DeletedImages> {
    return await this.#api.answer(
      this.#api.http.DELETE('/v1/pods/{pod}/images', { params: { path: { pod }, query }, ...RAW }),
    );
  }
}
