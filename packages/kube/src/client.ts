import type { Duplex } from 'node:stream';
import {
  inClusterCredentials,
  type KubeconfigOptions,
  kubeconfigCredentials,
  noCredentials,
  textCredentials,
} from './credentials.ts';
import { Discovery, type ResourceType } from './discovery.ts';
import { KubeError } from './kube-error.ts';
import { isRecord, type KindRef, type KubeObject, type ObjectRef, parseKubeObject } from './kube-object.ts';
import { PORT_PROTOCOL, portConnection } from './port-tunnel.ts';
import { HttpsTransport, type Transport } from './transport.ts';

export type ListQuery = KindRef & {
  /** Absent: all namespaces. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Objects per page, default 500. */
  pageSize?: number;
  /** Only apiVersion, kind and metadata of each object: contents never leave the cluster. */
  metadataOnly?: boolean;
  signal?: AbortSignal;
};

export type ListPage = { items: KubeObject[]; resourceVersion: string };

export type ApplyOptions = {
  /** The cluster checks and answers as if, and writes nothing. */
  dryRun?: boolean;
  /** Default `brainpod`. */
  fieldManager?: string;
  signal?: AbortSignal;
};

export type DeleteOptions = {
  /** Delete only this very object: one made anew under the same name stays. */
  uid?: string;
  resourceVersion?: string;
  propagation?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
  signal?: AbortSignal;
};

export type PatchType = 'merge' | 'strategic' | 'json';

export type LogQuery = {
  namespace: string;
  pod: string;
  container: string;
  /** Of the run before the current one. */
  previous?: boolean;
  tailLines?: number;
  signal?: AbortSignal;
};

export type LogStreamQuery = Pick<LogQuery, 'namespace' | 'pod' | 'container' | 'tailLines' | 'signal'> & {
  /** Whether to go on with what is written from now on, until the container ends. */
  follow: boolean;
  /** Only what was written from this second on, ISO 8601. */
  sinceTime?: string;
};

/** `pod` is the name of the instance's own object. */
export type PortQuery = { namespace: string; pod: string; port: number; signal?: AbortSignal };

export type ServerVersion = { major: number; minor: number; gitVersion: string };

export type WatchQuery = ListQuery & { resourceVersion: string; timeoutSeconds: number };

const FIELD_MANAGER = 'brainpod';
const PATCH_CONTENT_TYPES: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
};
const METADATA_LIST = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
const METADATA_OBJECT = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/**
 * Reads and writes any kind of object of one cluster. Every call throws KubeError, whose `retryable` says
 * whether it makes sense to try again.
 */
export class KubeClient {
  readonly #transport: Transport;
  readonly #discovery: Discovery;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#discovery = new Discovery(transport);
  }

  /** Throws an Error that a person understands when the file is missing or incomplete. */
  static async fromKubeconfig(path: string, options: KubeconfigOptions = {}): Promise<KubeClient> {
    return new KubeClient(new HttpsTransport(await kubeconfigCredentials(path, options)));
  }

  /** From a kubeconfig that came as text. Throws an Error that a person understands when it cannot be used. */
  static async fromKubeconfigText(content: string): Promise<KubeClient> {
    return new KubeClient(new HttpsTransport(await textCredentials(content)));
  }

  /** Where nothing leads to the cluster, for the reason given: every call fails as if the cluster were away. */
  static unreachable(reason: string): KubeClient {
    return new KubeClient(new HttpsTransport(noCredentials(reason)));
  }

  /** For a process inside the cluster: `host` and `port` are its KUBERNETES_SERVICE_HOST and _PORT. */
  static inCluster(host: string, port: string): KubeClient {
    return new KubeClient(new HttpsTransport(inClusterCredentials(host, port)));
  }

  /** The object, or null where there is none. */
  async get(ref: ObjectRef): Promise<KubeObject | null> {
    const path = await this.#discovery.objectPath(ref);
    try {
      return parseKubeObject(JSON.parse(await this.#transport.send({ method: 'GET', path })));
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return null;
      throw error;
    }
  }

  /** All objects, read page by page. `resourceVersion` is where a watch goes on. */
  async list(query: ListQuery): Promise<ListPage> {
    const items: KubeObject[] = [];
    let resourceVersion = '';
    for await (const page of this.listPages(query)) {
      items.push(...page.items);
      resourceVersion = page.resourceVersion;
    }
    return { items, resourceVersion };
  }

  /** The same page by page, for those who keep little of each object. */
  async *listPages(query: ListQuery): AsyncGenerator<ListPage> {
    const path = await this.#discovery.collectionPath(query, query.namespace);
    let token: string | undefined;
    do {
      const text = await this.#transport.send({
        method: 'GET',
        path,
        query: {
          labelSelector: query.labelSelector,
          fieldSelector: query.fieldSelector,
          limit: String(query.pageSize ?? 500),
          continue: token,
        },
        ...(query.metadataOnly === true ? { accept: METADATA_LIST } : {}),
        ...(query.signal === undefined ? {} : { signal: query.signal }),
      });
      const page = parseList(JSON.parse(text), query);
      token = page.token;
      yield { items: page.items, resourceVersion: page.resourceVersion };
    } while (token !== undefined);
  }

  /** The raw events of a watch, as JSON lines. Ends when the server ends it. */
  async watch(query: WatchQuery): Promise<AsyncIterable<Buffer>> {
    const path = await this.#discovery.collectionPath(query, query.namespace);
    return this.#transport.stream({
      method: 'GET',
      path,
      query: {
        watch: '1',
        allowWatchBookmarks: 'true',
        resourceVersion: query.resourceVersion,
        timeoutSeconds: String(query.timeoutSeconds),
        labelSelector: query.labelSelector,
        fieldSelector: query.fieldSelector,
      },
      ...(query.metadataOnly === true ? { accept: METADATA_OBJECT } : {}),
      ...(query.signal === undefined ? {} : { signal: query.signal }),
    });
  }

  /** Makes what `object` names true of the object in the cluster, which is made where there is none (server-side apply). */
  async apply(object: KubeObject, options: ApplyOptions = {}): Promise<KubeObject> {
    try {
      return await this.#applyOnce(object, options);
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 404 || error.reason === 'NoSuchKind') throw error;
      // Applying makes what is missing, so it is the namespace or the whole kind that is gone. Both may come back.
      this.#discovery.forget(object.apiVersion);
      const { status, reason, message } = error;
      throw new KubeError({ status, reason, message, retryable: true, cause: error });
    }
  }

  async #applyOnce(object: KubeObject, options: ApplyOptions): Promise<KubeObject> {
    const text = await this.#transport.send({
      method: 'PATCH',
      path: await this.#discovery.objectPath(object),
      query: {
        fieldManager: options.fieldManager ?? FIELD_MANAGER,
        force: 'true',
        fieldValidation: 'Strict',
        dryRun: options.dryRun === true ? 'All' : undefined,
      },
      // JSON is YAML; the API server knows server-side apply by this type only.
      contentType: 'application/apply-patch+yaml',
      body: JSON.stringify(object),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return parseKubeObject(JSON.parse(text));
  }

  /** Makes a new object; reviews (access, tokens) are made this way too. Throws `AlreadyExists`. */
  async create(
    object: Omit<KubeObject, 'metadata'> & { metadata?: { name?: string; namespace?: string } },
  ): Promise<unknown> {
    const { apiVersion, kind, metadata } = object;
    const path = await this.#discovery.collectionPath(
      { apiVersion: String(apiVersion), kind: String(kind) },
      metadata?.namespace,
    );
    return JSON.parse(await this.#transport.send({ method: 'POST', path, body: JSON.stringify(object) }));
  }

  /** Changes parts of an object, or of its `status` or `scale`. */
  async patch(
    ref: ObjectRef,
    patch: unknown,
    type: PatchType,
    subresource?: 'status' | 'scale',
  ): Promise<KubeObject> {
    const path = await this.#discovery.objectPath(ref);
    const text = await this.#transport.send({
      method: 'PATCH',
      path: subresource === undefined ? path : `${path}/${subresource}`,
      query: { fieldManager: FIELD_MANAGER },
      contentType: PATCH_CONTENT_TYPES[type],
      body: JSON.stringify(patch),
    });
    return parseKubeObject(JSON.parse(text));
  }

  /** Deletes the object. False where there was none, or another one than `uid` says. */
  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { uid, resourceVersion, propagation, gracePeriodSeconds } = options;
    const preconditions = {
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    };
    try {
      await this.#transport.send({
        method: 'DELETE',
        path: await this.#discovery.objectPath(ref),
        body: JSON.stringify({
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          propagationPolicy: propagation ?? 'Background',
          ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
          ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
        }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      return true;
    } catch (error) {
      if (error instanceof KubeError && error.status === 404 && error.reason !== 'NoSuchKind') return false;
      if (
        error instanceof KubeError &&
        error.status === 409 &&
        uid !== undefined &&
        resourceVersion === undefined
      )
        return false;
      throw error;
    }
  }

  /** The last lines that a container wrote. */
  async readLog(query: LogQuery): Promise<string> {
    const { namespace, pod, container } = query;
    return this.#transport.send({
      method: 'GET',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`,
      query: {
        container,
        previous: query.previous === true ? 'true' : undefined,
        tailLines: query.tailLines === undefined ? undefined : String(query.tailLines),
      },
      accept: '*/*',
      timeoutMs: 5_000,
      ...(query.signal === undefined ? {} : { signal: query.signal }),
    });
  }

  /** What a container writes, as bytes: lines that each begin with the instant at which they were written. */
  streamLog(query: LogStreamQuery): Promise<AsyncIterable<Buffer>> {
    const { namespace, pod, container, follow, tailLines, sinceTime, signal } = query;
    return this.#transport.stream({
      method: 'GET',
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`,
      query: {
        container,
        follow: follow ? 'true' : undefined,
        timestamps: 'true',
        tailLines: tailLines === undefined ? undefined : String(tailLines),
        sinceTime,
      },
      accept: '*/*',
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** A connection to a port of an instance, through the cluster's API. Nothing else in the cluster need let us in. */
  async connectPort(query: PortQuery): Promise<Duplex> {
    const { namespace, pod, port, signal } = query;
    const tunnel = await this.#transport.tunnel({
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/portforward`,
      query: { ports: String(port) },
      protocol: PORT_PROTOCOL,
      ...(signal === undefined ? {} : { signal }),
    });
    return portConnection(tunnel);
  }

  async serverVersion(): Promise<ServerVersion> {
    const value: unknown = JSON.parse(
      await this.#transport.send({ method: 'GET', path: '/version', timeoutMs: 5_000 }),
    );
    if (!isRecord(value)) throw new TypeError('the cluster answered /version with something else');
    // Some clouds append a plus sign to the minor version.
    const number = (text: unknown): number => Number.parseInt(String(text), 10) || 0;
    return {
      major: number(value.major),
      minor: number(value.minor),
      gitVersion: String(value.gitVersion ?? ''),
    };
  }

  /** Whether the API server says that it is ready. False while it cannot be reached. */
  async isReady(): Promise<boolean> {
    try {
      await this.#transport.send({ method: 'GET', path: '/readyz', accept: '*/*', timeoutMs: 2_000 });
      return true;
    } catch (error) {
      if (error instanceof KubeError) return false;
      throw error;
    }
  }

  /** Whether the cluster serves this kind now. */
  async hasResource(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.#discovery.find({ apiVersion, kind })) !== null;
  }

  /** How a kind is called in paths and permissions; null where the cluster does not serve it. */
  findResource(kind: KindRef): Promise<ResourceType | null> {
    return this.#discovery.find(kind);
  }

  /** Forgets which kinds an API version has, so that the next call asks again. */
  forgetResources(apiVersion: string): void {
    this.#discovery.forget(apiVersion);
  }

  /** Ends every call that is under way; later ones fail at once. */
  close(): void {
    this.#transport.close();
  }
}

function parseList(value: unknown, kind: KindRef): ListPage & { token: string | undefined } {
  const metadata = isRecord(value) ? value.metadata : undefined;
  const items = isRecord(value) ? value.items : undefined;
  if (!isRecord(metadata)) throw new TypeError('the cluster answered with something that is not a list');
  const token = metadata.continue;
  return {
    // An empty list of some types comes as null.
    items: (Array.isArray(items) ? items : []).map((item) => parseKubeObject(item, kind)),
    resourceVersion: String(metadata.resourceVersion ?? ''),
    token: typeof token === 'string' && token !== '' ? token : undefined,
  };
}
