import type { ResourceDocument } from '@brainpod/model/document';
import { canTransition, type RevisionState } from '@brainpod/model/revision-state';
import type { PodState, ReconcilerStore, Snapshot, StatusRow } from '../src/ports.ts';

type Revision = Snapshot & { podId: string; checksum: string | null; error: string | null };
type PodRow = { id: string; name: string; deployedId: string | null };

/** The reconciler's store without PostgreSQL, for tests of the reconciler alone. */
export class MemoryStore implements ReconcilerStore {
  readonly pods = new Map<string, PodRow>();
  readonly revisions = new Map<string, Revision>();
  readonly statuses = new Map<string, StatusRow[]>();
  readonly #listeners = new Set<(podId: string) => void>();
  readonly #locked = new Map<string, AbortController>();

  addPod(name: string): string {
    const id = `id-of-${name}`;
    this.pods.set(id, { id, name, deployedId: null });
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
      checksum: null,
      error: null,
    });
    this.#tell(podId);
    return revisionId;
  }

  redeploy(revisionId: string): void {
    this.#move(revisionId, 'pending').deployStartedAt = new Date();
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
    return structuredClone({ pod: { id: pod.id, name: pod.name }, target: target ?? null, deployed });
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

  async markReady(revisionId: string, checksum: string): Promise<void> {
    this.#move(revisionId, 'ready').checksum = checksum;
  }

  async markDeployed(revisionId: string): Promise<void> {
    const { podId } = this.#move(revisionId, 'deployed');
    const pod = this.pods.get(podId);
    if (pod !== undefined) pod.deployedId = revisionId;
  }

  async markFailed(revisionId: string, error: string): Promise<void> {
    Object.assign(this.#move(revisionId, 'failed'), { error, checksum: null });
  }

  async saveStatuses(podId: string, statuses: StatusRow[]): Promise<void> {
    this.statuses.set(podId, statuses);
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
