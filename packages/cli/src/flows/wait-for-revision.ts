import type { BrainpodClient, RevisionDetail } from '@brainpod/api-client/client';
import { CliFailure } from '../failure.ts';
import { isPassing, messageOf, PAUSE_MS, pause } from './asking-again.ts';
import {
  describe,
  type Health,
  type Instance,
  instancesOf,
  nameOf,
  nameOfUrn,
  phaseOf,
} from './resource-state.ts';

/**
 * What a deployment is doing: `subject` is the revision or a resource, such as `App/web`, with its instances one by one.
 */
export type WaitEvent = {
  subject: string;
  state: string;
  detail: string;
  instances: Instance[];
  elapsedMs: number;
};

export type WaitOptions = {
  client: BrainpodClient;
  pod: string;
  revisionId: string;
  timeoutMs: number;
  onEvent: (event: WaitEvent) => void;
  signal?: AbortSignal;
};

const LONGEST_STREAM_SECONDS = 300;

/**
 * Waits until a revision is deployed and everything in it is healthy. Throws CliFailure with the revision's own error
 * where it failed, and with what is still missing where the time ran out. A server that is away for a moment is
 * waited for. Where the server tells what happens as it happens, that is listened to; else it is asked every second.
 */
export async function waitForRevision(options: WaitOptions): Promise<RevisionDetail> {
  const wait = new Wait(options);
  try {
    await wait.listen();
    return await wait.poll();
  } catch (error) {
    if (options.signal?.aborted) throw stopped(options.revisionId);
    throw error;
  }
}

/** Applied, and everything in it does its work. */
export function isLive(revision: RevisionDetail): boolean {
  return revision.state === 'deployed' && revision.resources.every((resource) => resource.healthy);
}

class Wait {
  readonly #options: WaitOptions;
  readonly #startedAt = Date.now();
  readonly #told = new Map<string, string>();

  constructor(options: WaitOptions) {
    this.#options = options;
  }

  /** Follows the revision until it is finished, or until it turns out that this server does not tell. */
  async listen(): Promise<void> {
    let lastEventId = '';
    while (this.#leftMs() > PAUSE_MS) {
      try {
        for await (const { id, progress } of this.#stream(lastEventId)) {
          lastEventId = id;
          this.#tellRevision(progress.version, progress.phase);
          for (const resource of progress.resources) this.#tellResource(nameOfUrn(resource.urn), resource);
          if (['deployed', 'failed', 'canceled'].includes(progress.state)) return;
        }
      } catch (error) {
        if (!isPassing(error)) return;
        this.#tell({ subject: 'API', state: 'waiting', detail: messageOf(error), instances: [] });
        await pause(this.#options.signal);
      }
    }
  }

  async poll(): Promise<RevisionDetail> {
    for (;;) {
      const revision = await this.#read();
      if (revision !== null) {
        this.#tellRevision(revision.version, revision.state);
        for (const resource of revision.resources) this.#tellResource(nameOf(resource), resource);
        if (isLive(revision)) return revision;
        refuseIfOver(revision);
      }
      if (this.#leftMs() < PAUSE_MS) throw timedOut(revision, this.#options.timeoutMs);
      await pause(this.#options.signal);
    }
  }

  #stream(lastEventId: string) {
    const { client, pod, revisionId, signal } = this.#options;
    const left = Math.ceil(this.#leftMs() / 1000);
    return client.watchRevision(pod, revisionId, {
      durationSeconds: Math.max(1, Math.min(left, LONGEST_STREAM_SECONDS)),
      lastEventId,
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** Null while the server is away. */
  async #read(): Promise<RevisionDetail | null> {
    try {
      return await this.#options.client.getRevision(this.#options.pod, this.#options.revisionId);
    } catch (error) {
      if (!isPassing(error) || this.#leftMs() < PAUSE_MS) throw error;
      this.#tell({ subject: 'API', state: 'waiting', detail: messageOf(error), instances: [] });
      return null;
    }
  }

  #tellRevision(version: number, state: string): void {
    const detail = state === 'waiting' ? 'for the deploy before it' : '';
    this.#tell({ subject: `revision ${version}`, state, detail, instances: [] });
  }

  #tellResource(subject: string, health: Health): void {
    const state = health.healthy ? 'healthy' : phaseOf(health);
    this.#tell({ subject, state, detail: describe(health), instances: instancesOf(health) });
  }

  #tell(event: Omit<WaitEvent, 'elapsedMs'>): void {
    const text = JSON.stringify([event.state, event.detail, event.instances]);
    if (this.#told.get(event.subject) === text) return;
    this.#told.set(event.subject, text);
    this.#options.onEvent({ ...event, elapsedMs: Date.now() - this.#startedAt });
  }

  #leftMs(): number {
    return this.#startedAt + this.#options.timeoutMs - Date.now();
  }
}

function refuseIfOver(revision: RevisionDetail): void {
  if (revision.state === 'failed') {
    const reason = revision.error ?? 'No reason is recorded.';
    throw new CliFailure(`Revision ${revision.version} failed. ${reason}`, { advice: AFTER_FAILURE });
  }
  if (revision.state === 'canceled') {
    const reason = revision.error ?? 'Somebody canceled it, or an automatic deployment took its place.';
    throw new CliFailure(`Revision ${revision.version} was canceled. ${reason}`, {
      advice: 'How the revisions stand: brainpod revision list',
    });
  }
}

const AFTER_FAILURE =
  'What was deployed before goes on running. Change what is wrong and deploy again, try once more with ' +
  '"brainpod redeploy", or see the output with: brainpod logs APP';

function timedOut(revision: RevisionDetail | null, timeoutMs: number): CliFailure {
  const after = `after ${Math.round(timeoutMs / 1000)} seconds`;
  if (revision === null) return new CliFailure(`The API did not answer for long enough: gave up ${after}.`);
  const missing = revision.resources
    .filter((resource) => !resource.healthy)
    .map(
      (resource) =>
        `  ${nameOf(resource)}: ${[phaseOf(resource), describe(resource)].filter(Boolean).join(', ')}`,
    );
  const lines = [
    `Revision ${revision.version} is ${revision.state} and not yet healthy ${after}.`,
    ...missing,
  ];
  return new CliFailure(lines.join('\n'), {
    advice: `The deployment goes on. Wait longer with: brainpod revision wait ${revision.id} --timeout 300`,
  });
}

function stopped(revisionId: string): CliFailure {
  return new CliFailure('Stopped waiting. The deployment goes on.', {
    advice: `Follow it with: brainpod revision wait ${revisionId}. End it with: brainpod revision cancel ${revisionId}`,
  });
}
