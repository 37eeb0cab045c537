import type { ResourceDocument } from '@brainpod/model/document';
import { INSTANCE_SIZES, type InstanceSizes } from '@brainpod/model/instance-size';
import { canTransition, type RevisionState } from '@brainpod/model/revision-state';
import type { PodState, ReconcilerStore, Restart, Snapshot, StatusRow } from '../src/ports.ts';

type Revision = Snapshot & { podId: string; checksum: string | null; error: string | null };
type PodRow = PodState['pod'] & { deployedId: string | null };
type RestartRow = Restart & { podId: string; error: string | null; effectiveBefore: Date | null };

/** The reconciler's store without PostgreSQL, for tests of the reconciler alone. */
export class MemoryStore implements ReconcilerStore {
  readonly pods = new Map<string, PodRow>();
  readonly revisions = new Map<string, Revision>();
  readonly statuses = new Map<string, StatusRow[]>();
  restarts: RestartRow[] = [];
  sizes: InstanceSizes = INSTANCE_SIZES;
  readonly pullKey = { id: 1, salt: Buffer.from('salt') };
  /** Which key each pod's namespace may hold. */
  readonly pullKeys = new Map<string, number>();
  readonly #listeners = new Set<(podId: string) => void>();
  readonly #locked = new Map<string, AbortController>();

  addPod(name: string): string {
    const id = `id-of-${name}`;
    const untouched = { isStopped: false, eraseAfter: null, limits: null };
    this.pods.set(id, { id, name, ...untouched, deployedId: null });
    return id;
  }

  deploy(podId: string, documents: ResourceDocument[], startedAt: Date = new Date()): string {
    const version = [...this.revisions.values()].filter((revision) => revision.podId === podId).length + 1;
    const revisionId = `${podId}-${version}`;
    this.revisions.set(revisionId, {
      revisionId,
      podId,
      version,
      state: 'pending',
      deployStartedAt: startedAt,
      documents,
      imageDigests: {},
      checksum: null,
      error: null,
    });
    this.#tell(podId);
    return revisionId;
  }

  redeploy(revisionId: string): void {
    this.#move(revisionId, 'pending').deployStartedAt = new Date();
  }

  cancel(revisionId: string): void {
    this.#move(revisionId, 'canceled');
  }

  /** Changes what is asked of a pod. */
  change(podId: string, change: Partial<Pick<PodRow, 'isStopped' | 'eraseAfter'>>): void {
    const pod = this.pods.get(podId);
    if (pod === undefined) throw new Error(`no pod ${podId}`);
    Object.assign(pod, change);
    this.#tell(podId);
  }

  restart(podId: string, name: string, restartedAt = new Date()): RestartRow {
    const before = this.restarts.find((row) => row.podId === podId && row.name === name);
    const restart: RestartRow = {
      podId,
      kind: 'App',
      name,
      restartedAt,
      finishedAt: null,
      effectiveAt: restartedAt,
      effectiveBefore: before?.effectiveAt ?? null,
      error: null,
    };
    this.restarts = [...this.restarts.filter((row) => row !== before), restart];
    this.#tell(podId);
    return restart;
  }

  /** Says that the pod changed although it did not. */
  touch(podId: string): void {
    this.#tell(podId);
  }

  revision(revisionId: string): Revision {
    const revision = this.revisions.get(revisionId);
    if (revision === undefined) throw new Error(`no revision ${revisionId}`);
    return revision;
  }

  async listPodIds(): Promise<string[]> {
    return [...this.pods.keys()];
  }

  async loadPod(podId: string): Promise<PodState | null> {
    const pod = this.pods.get(podId);
    if (pod === undefined) return null;
    const target = [...this.revisions.values()].find(
      ({ podId: of, state }) => of === podId && (state === 'pending' || state === 'ready'),
    );
    const deployed = pod.deployedId === null ? null : this.revision(pod.deployedId);
    const { deployedId: _deployedId, ...shown } = pod;
    const restarts = this.restarts.filter((restart) => restart.podId === podId);
    const { sizes } = this;
    return structuredClone({
      pod: shown,
      sizes,
      restarts,
      domains: [],
      registryCredentials: [],
      pullKey: { newest: this.pullKey, heldId: this.pullKeys.get(podId) ?? null },
      target: target ?? null,
      deployed,
    });
  }

  onPodChanged(listener: (podId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async withPodLock<T>(
    podId: string,
    work: (lockLost?: AbortSignal) => Promise<T>,
  ): Promise<{ held: true; value: T } | { held: false }> {
    if (this.#locked.has(podId)) return { held: false };
    const lock = new AbortController();
    this.#locked.set(podId, lock);
    try {
      return { held: true, value: await work(lock.signal) };
    } finally {
      if (this.#locked.get(podId) === lock) this.#locked.delete(podId);
    }
  }

  /** Takes the lock away from whoever has it, as when the connection to the database breaks; another server has it now. */
  takeLock(podId: string): () => void {
    this.#locked.get(podId)?.abort(new Error('the lock was lost'));
    const other = new AbortController();
    this.#locked.set(podId, other);
    return () => this.#locked.delete(podId);
  }

  async markReady(revisionId: string, checksum: string): Promise<boolean> {
    return this.#mark(revisionId, 'ready', { checksum });
  }

  async markDeployed(revisionId: string): Promise<boolean> {
    const isMarked = this.#mark(revisionId, 'deployed', {});
    const pod = this.pods.get(this.revision(revisionId).podId);
    if (isMarked && pod !== undefined) pod.deployedId = revisionId;
    return isMarked;
  }

  async markFailed(revisionId: string, error: string): Promise<boolean> {
    return this.#mark(revisionId, 'failed', { error, checksum: null });
  }

  async finishRestart(
    podId: string,
    { kind, name, restartedAt }: Pick<Restart, 'kind' | 'name' | 'restartedAt'>,
    error: string | null,
  ): Promise<void> {
    const restart = this.restarts.find(
      (row) =>
        row.podId === podId &&
        row.kind === kind &&
        row.name === name &&
        row.restartedAt.getTime() === restartedAt.getTime(),
    );
    if (restart === undefined || restart.finishedAt !== null) return;
    const effectiveAt = error === null ? restartedAt : restart.effectiveBefore;
    Object.assign(restart, { finishedAt: new Date(), error, effectiveAt });
    this.#tell(podId);
  }

  async holdPullKey(podId: string, keyId: number): Promise<boolean> {
    this.pullKeys.set(podId, keyId);
    return true;
  }

  async dropPullKey(podId: string): Promise<void> {
    this.pullKeys.delete(podId);
  }

  async erasePod(podId: string, now: Date): Promise<boolean> {
    const eraseAfter = this.pods.get(podId)?.eraseAfter ?? null;
    if (eraseAfter === null || eraseAfter > now) return false;
    return this.pods.delete(podId);
  }

  async saveStatuses(podId: string, statuses: StatusRow[]): Promise<void> {
    this.statuses.set(podId, statuses);
  }

  #mark(revisionId: string, to: RevisionState, changes: Partial<Revision>): boolean {
    if (this.revision(revisionId).state === 'canceled') return false;
    Object.assign(this.#move(revisionId, to), changes);
    return true;
  }

  #move(revisionId: string, to: RevisionState): Revision {
    const revision = this.revision(revisionId);
    if (revision.state !== to) {
      if (!canTransition(revision.state, to))
        throw new Error(`${revisionId}: no way from ${revision.state} to ${to}`);
      revision.state = to;
      this.#tell(revision.podId);
    }
    return revision;
  }

  #tell(podId: string): void {
    for (const listener of this.#listeners) listener(podId);
  }
}
