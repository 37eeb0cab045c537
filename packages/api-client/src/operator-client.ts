import { type Connection, type Ok, type paths, RAW } from './connection.ts';

export type OperatorCluster = Ok<paths['/v1/operator/clusters']['get']>[number];
type BodyOf<Operation> = Operation extends { requestBody?: { content: { 'application/json': infer Body } } }
  ? Body
  : never;
export type ClusterRegistration = BodyOf<paths['/v1/operator/clusters']['post']>;
export type ClusterUpdate = BodyOf<paths['/v1/operator/clusters/{cluster}']['put']>;
export type LimitsUpdate = BodyOf<paths['/v1/operator/pods/{pod}/limits']['put']>;

type SizeName = paths['/v1/operator/instance-sizes/{size}']['put']['parameters']['path']['size'];

/** What is known of a key of the passwords with which nodes fetch images. */
export type PullKey = Ok<paths['/v1/operator/pull-keys']['get']>[number];

/** What only whoever operates the installation may do. */
export class OperatorClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  async listClusters(): Promise<OperatorCluster[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/operator/clusters', RAW));
  }

  async registerCluster(body: ClusterRegistration): Promise<OperatorCluster> {
    return await this.#api.answer(this.#api.http.POST('/v1/operator/clusters', { body, ...RAW }));
  }

  async updateCluster(cluster: string, body: ClusterUpdate): Promise<OperatorCluster> {
    return await this.#api.answer(
      this.#api.http.PUT('/v1/operator/clusters/{cluster}', { params: { path: { cluster } }, body, ...RAW }),
    );
  }

  async deleteCluster(cluster: string): Promise<OperatorCluster> {
    return await this.#api.answer(
      this.#api.http.DELETE('/v1/operator/clusters/{cluster}', { params: { path: { cluster } }, ...RAW }),
    );
  }

  /** Those that are accepted, the newest last. */
  async listPullKeys(): Promise<PullKey[]> {
    return await this.#api.answer(this.#api.http.GET('/v1/operator/pull-keys', RAW));
  }

  async rotatePullKey(): Promise<PullKey> {
    return await this.#api.answer(this.#api.http.POST('/v1/operator/pull-keys', RAW));
  }

  async setLimits(pod: string, body: LimitsUpdate): Promise<object> {
    return await this.#api.answer(
      this.#api.http.PUT('/v1/operator/pods/{pod}/limits', { params: { path: { pod } }, body, ...RAW }),
    );
  }

  async setInstanceSize(size: string, body: { cpuMillis: number; memoryMiB: number }): Promise<object> {
    return await this.#api.answer(
      this.#api.http.PUT('/v1/operator/instance-sizes/{size}', {
        params: { path: { size: size as SizeName } },
        body,
        ...RAW,
      }),
    );
  }
}
