import { KubeError, noSuchKind } from './kube-error.ts';
import { isRecord, type KindRef, kindKey, type ObjectRef } from './kube-object.ts';
import type { Transport } from './transport.ts';

export type ResourceType = { plural: string; namespaced: boolean };

/** Finds the URL path of a kind, asking the cluster once per API version. */
export class Discovery {
  readonly #transport: Transport;
  readonly #known = new Map<string, ResourceType>();
  readonly #pending = new Map<string, Promise<void>>();

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The type, or null where the cluster does not serve it now. What is not there is asked for anew each time. */
  async find(kind: KindRef): Promise<ResourceType | null> {
    const key = kindKey(kind);
    if (!this.#known.has(key)) await this.#load(kind.apiVersion);
    return this.#known.get(key) ?? null;
  }

  /** Forgets what an API version offers: its definitions may have been removed. */
  forget(apiVersion: string): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${apiVersion}/`)) this.#known.delete(key);
  }

  /** The path of a kind's collection. Throws KubeError `NoSuchKind`. */
  async collectionPath(kind: KindRef, namespace: string | undefined): Promise<string> {
    const type = await this.find(kind);
    if (type === null) throw noSuchKind(kind.apiVersion, kind.kind);
    const scope =
      type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
    return `${versionPath(kind.apiVersion)}${scope}/${type.plural}`;
  }

  /** The path of one object. Throws a TypeError for a namespaced object without a namespace. */
  async objectPath(ref: ObjectRef): Promise<string> {
    const { name, namespace } = ref.metadata;
    const collection = await this.collectionPath(ref, namespace);
    if (namespace === undefined && (await this.find(ref))?.namespaced === true) {
      throw new TypeError(`${ref.kind} ${name} needs a namespace`);
    }
    return `${collection}/${encodeURIComponent(name)}`;
  }

  #load(apiVersion: string): Promise<void> {
    const running = this.#pending.get(apiVersion);
    if (running !== undefined) return running;
    const started = this.#fetch(apiVersion).finally(() => this.#pending.delete(apiVersion));
    this.#pending.set(apiVersion, started);
    return started;
  }

  async #fetch(apiVersion: string): Promise<void> {
    let body: unknown;
    try {
      body = JSON.parse(await this.#transport.send({ method: 'GET', path: versionPath(apiVersion) }));
    } catch (error) {
      // An API group without any kind does not exist for the API server.
      if (error instanceof KubeError && error.status === 404) return;
      throw error;
    }
    const resources = isRecord(body) && Array.isArray(body.resources) ? body.resources : [];
    for (const resource of resources) {
      if (!isRecord(resource)) continue;
      const { name, kind, namespaced } = resource;
      if (typeof name !== 'string' || typeof kind !== 'string' || name.includes('/')) continue;
      this.#known.set(kindKey({ apiVersion, kind }), { plural: name, namespaced: namespaced === true });
    }
  }
}

function versionPath(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
