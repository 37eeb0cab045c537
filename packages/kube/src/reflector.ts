import { type BackOff, backOffMs, pause } from './back-off.ts';
import type { KubeClient, ListQuery } from './client.ts';
import { parseJsonLines } from './json-lines.ts';
import { errorFromStatusObject, errorFromTransport, KubeError } from './kube-error.ts';
import {
  compareResourceVersions,
  isRecord,
  type KubeObject,
  objectKey,
  parseKubeObject,
} from './kube-object.ts';

export type ReflectorOptions<T> = {
  client: KubeClient;
  query: Omit<ListQuery, 'signal'>;
  /** What is kept of an object. Keep little: the cache holds one for each object of the cluster. */
  project: (object: KubeObject) => T;
  /** Called after the cache has changed. `now` is absent for an object that is gone. */
  onChange: (key: string, now: T | undefined, before: T | undefined) => void;
  onError: (error: KubeError, retryInMs: number) => void;
  /** How often all objects are listed again, watch or no watch. */
  resyncIntervalMs: number;
  backOff?: BackOff;
  random?: () => number;
};

export type ReflectorStats = {
  objects: number;
  lists: number;
  watches: number;
  events: number;
  /** Changes that a list found and that the watch never told. */
  missedByWatch: number;
  errors: number;
  /** The cluster serves this kind. */
  served: boolean;
};

type Entry<T> = { uid: string; resourceVersion: string; value: T };

const DEFAULT_BACK_OFF: BackOff = { baseMs: 250, maxMs: 5_000 };
const LONGEST_WATCH_SECONDS = 300;
// An API server that starts serves custom kinds a moment later than its own: only a longer absence is believed.
const BELIEVED_ABSENCE_MS = 4_000;
// The API server sends a bookmark each minute: longer silence means a dead connection.
const SILENCE_LIMIT_MS = 150_000;

/**
 * Keeps a cache of the objects of one kind, by list and watch, for ever: after each failure it goes on by itself.
 * A periodic list is the truth; a watch only makes it arrive sooner.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #stopping = new AbortController();
  readonly #firstSync = Promise.withResolvers<void>();
  readonly #stats = { lists: 0, watches: 0, events: 0, missedByWatch: 0, errors: 0 };
  #entries = new Map<string, Entry<T>>();
  /** Keys observed while a list was under way: the list may be older than they are. */
  #observed: Set<string> | null = null;
  /** Up to here the cache comes from a list: older events of the watch only tell what it did not miss. */
  #listedVersion = '';
  #watchedVersion = '';
  /** What the last list changed and no event has explained yet. */
  #unexplained = new Set<string>();
  #failures = 0;
  #absentSinceMs: number | null = null;
  #served = true;
  #isSynced = false;
  #isConnected = false;
  #running: Promise<void> | null = null;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when the cache has been filled once, or the cluster has said that it does not serve this kind. */
  get synced(): Promise<void> {
    return this.#firstSync.promise;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  /** Whether the cluster has answered since the last failure. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  *values(): IterableIterator<T> {
    for (const entry of this.#entries.values()) yield entry.value;
  }

  /** Puts the answer to a write into the cache at once, so that the writer does not act on what was before it. */
  observe(object: KubeObject): void {
    const key = objectKey(object);
    this.#observed?.add(key);
    this.#set(key, object);
  }

  /** The same for a deletion that the cluster has carried out. */
  observeGone(key: string): void {
    this.#observed?.add(key);
    this.#remove(key);
  }

  stats(): ReflectorStats {
    return { ...this.#stats, objects: this.#entries.size, served: this.#served };
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#list({ resuming: false });
        for (;;) {
          await this.#watchUntil(performance.now() + this.#resyncDelayMs());
          await this.#list({ resuming: true });
        }
      } catch (error) {
        if (!this.#stopping.signal.aborted) await this.#recover(error);
      }
    }
  }

  async #recover(error: unknown): Promise<void> {
    const failure = error instanceof KubeError ? error : errorFromTransport(this.#options.query.kind, error);
    // History was compacted: a new list is all it takes.
    if (failure.status === 410) return;
    this.#isConnected = false;
    if (failure.reason === 'NoSuchKind') this.#noticeAbsence();
    else if (failure.status === 404) this.#options.client.forgetResources(this.#options.query.apiVersion);
    this.#stats.errors += 1;
    const { baseMs, maxMs } = this.#options.backOff ?? DEFAULT_BACK_OFF;
    const retryInMs = Math.max(
      failure.retryAfterMs ?? 0,
      backOffMs(this.#failures, { baseMs, maxMs }, this.#options.random),
    );
    this.#failures += 1;
    this.#options.onError(failure, retryInMs);
    await pause(retryInMs, this.#stopping.signal);
  }

  #noticeAbsence(): void {
    const nowMs = performance.now();
    this.#absentSinceMs ??= nowMs;
    if (this.#isSynced && this.#served && nowMs - this.#absentSinceMs < BELIEVED_ABSENCE_MS) return;
    this.#served = false;
    for (const key of [...this.#entries.keys()]) this.#remove(key);
    this.#isConnected = true;
    this.#markSynced();
  }

  #markSynced(): void {
    this.#isSynced = true;
    this.#firstSync.resolve();
  }

  /** Replaces the cache. When resuming, the watch goes on where it was, which shows what it had missed. */
  async #list({ resuming }: { resuming: boolean }): Promise<void> {
    const observed = new Set<string>();
    this.#observed = observed;
    const next = new Map<string, Entry<T>>();
    let resourceVersion = '';
    const query = { ...this.#options.query, signal: this.#stopping.signal };
    for await (const page of this.#options.client.listPages(query)) {
      for (const object of page.items) next.set(objectKey(object), this.#entryOf(object));
      resourceVersion = page.resourceVersion;
    }
    this.#observed = null;
    this.#stats.lists += 1;
    this.#served = true;
    this.#isConnected = true;
    this.#absentSinceMs = null;
    this.#failures = 0;
    const changed = this.#replace(next, observed);
    this.#listedVersion = resourceVersion;
    if (resuming) for (const key of changed) this.#unexplained.add(key);
    else {
      this.#unexplained.clear();
      this.#watchedVersion = resourceVersion;
    }
    this.#markSynced();
  }

  #replace(next: Map<string, Entry<T>>, observed: Set<string>): string[] {
    for (const key of observed) {
      const seen = this.#entries.get(key);
      if (seen === undefined) next.delete(key);
      else if (isNewer(seen, next.get(key))) next.set(key, seen);
    }
    const before = this.#entries;
    this.#entries = next;
    const changed: string[] = [];
    for (const [key, entry] of next) {
      const old = before.get(key);
      if (old?.uid === entry.uid && old.resourceVersion === entry.resourceVersion) continue;
      changed.push(key);
      this.#options.onChange(key, entry.value, old?.value);
    }
    for (const [key, old] of before) {
      if (next.has(key)) continue;
      changed.push(key);
      this.#options.onChange(key, undefined, old.value);
    }
    return changed;
  }

  async #watchUntil(resyncAtMs: number): Promise<void> {
    for (;;) {
      const leftSeconds = Math.ceil((resyncAtMs - performance.now()) / 1000);
      if (leftSeconds <= 0) return;
      const startedAtMs = performance.now();
      await this.#watchOnce(Math.min(LONGEST_WATCH_SECONDS, leftSeconds));
      // A server, or something in front of it, that ends each watch at once must not make this loop spin.
      if (performance.now() - startedAtMs < 1_000) await pause(1_000, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
    }
  }

  async #watchOnce(timeoutSeconds: number): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS);
    const signal = AbortSignal.any([this.#stopping.signal, silence.signal]);
    try {
      const stream = await this.#options.client.watch({
        ...this.#options.query,
        resourceVersion: this.#watchedVersion,
        timeoutSeconds,
        signal,
      });
      this.#stats.watches += 1;
      for await (const event of parseJsonLines(stream)) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_LIMIT_MS);
        this.#handle(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #handle(event: unknown): void {
    if (!isRecord(event)) throw new TypeError('a watch sent something that is not an event');
    if (event.type === 'ERROR')
      throw errorFromStatusObject(`watch of ${this.#options.query.kind}`, event.object);
    if (event.type === 'BOOKMARK') {
      this.#advance(bookmarkVersion(event.object));
      return;
    }
    const object = parseKubeObject(event.object, this.#options.query);
    const key = objectKey(object);
    const version = object.metadata.resourceVersion ?? '';
    this.#stats.events += 1;
    if (compareResourceVersions(version, this.#listedVersion) <= 0) this.#unexplained.delete(key);
    else if (event.type !== 'DELETED') this.#set(key, object);
    else if (this.#entries.get(key)?.uid === object.metadata.uid) this.#remove(key);
    this.#advance(version);
  }

  #advance(version: string): void {
    this.#watchedVersion = version;
    this.#failures = 0;
    if (this.#unexplained.size === 0 || compareResourceVersions(version, this.#listedVersion) <= 0) return;
    this.#stats.missedByWatch += this.#unexplained.size;
    this.#unexplained.clear();
  }

  #set(key: string, object: KubeObject): void {
    const entry = this.#entryOf(object);
    const before = this.#entries.get(key);
    if (before !== undefined && !isNewer(entry, before)) return;
    this.#entries.set(key, entry);
    this.#options.onChange(key, entry.value, before?.value);
  }

  #remove(key: string): void {
    const before = this.#entries.get(key);
    if (before === undefined) return;
    this.#entries.delete(key);
    this.#options.onChange(key, undefined, before.value);
  }

  #entryOf(object: KubeObject): Entry<T> {
    const { uid, resourceVersion } = object.metadata;
    return { uid: uid ?? '', resourceVersion: resourceVersion ?? '', value: this.#options.project(object) };
  }

  #resyncDelayMs(): number {
    const random = this.#options.random ?? Math.random;
    // Spread by a tenth, so that the lists of all kinds do not fall together.
    return this.#options.resyncIntervalMs * (0.9 + random() * 0.2);
  }
}

// An object made anew under the same name is another one, whatever its version says: after a restore of the
// cluster's database versions begin from the start.
function isNewer<T>(entry: Entry<T>, than: Entry<T> | undefined): boolean {
  if (than === undefined || than.uid !== entry.uid) return true;
  return compareResourceVersions(entry.resourceVersion, than.resourceVersion) > 0;
}

function bookmarkVersion(object: unknown): string {
  const metadata = isRecord(object) ? object.metadata : undefined;
  const version = isRecord(metadata) ? metadata.resourceVersion : undefined;
  if (typeof version !== 'string') throw new TypeError('a watch sent a bookmark without a version');
  return version;
}
