import { type Connection, type Ok, type paths, RAW } from './connection.ts';

/** One of a pod's own domains: how far it has come, the record to set, and its certificate. */
export type Domain = Ok<paths['/v1/pods/{pod}/domains']['get']>[number];

/** A certificate of the domain's owner, both parts as PEM. */
export type OwnCertificate = { certificate: string; key: string };

/** The own domains of pods. */
export class DomainsClient {
  readonly #api: Connection;

  constructor(api: Connection) {
    this.#api = api;
  }

  /** By name. */
  async list(pod: string): Promise<Domain[]> {
    return await this.#api.answer(
      this.#api.http.GET('/v1/pods/{pod}/domains', { params: { path: { pod } }, ...RAW }),
    );
  }

  /** Has it looked at within seconds; what comes of it stands in the list. */
  async check(pod: string, domain: string): Promise<Domain> {
    return await this.#api.answer(
      this.#api.http.POST('/v1/pods/{pod}/domains/{domain}/check', {
        params: { path: { pod, domain } },
        ...RAW,
      }),
    );
  }

  async setCertificate(pod: string, domain: string, own: OwnCertificate): Promise<Domain> {
    return await this.#api.answer(
      this.#api.http.PUT('/v1/pods/{pod}/domains/{domain}/certificate', {
        params: { path: { pod, domain } },
        body: own,
        ...RAW,
      }),
    );
  }

  async removeCertificate(pod: string, domain: string): Promise<Domain> {
    return await this.#api.answer(
      this.#api.http.DELETE('/v1/pods/{pod}/domains/{domain}/certificate', {
        params: { path: { pod, domain } },
        ...RAW,
      }),
    );
  }
}
