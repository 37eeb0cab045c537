import type { BrainpodClient, Resource, RevisionDetail } from '@brainpod/api-client/client';
import { ApiFailure, ConnectionFailure } from '@brainpod/api-client/failure';
import { CliFailure } from '../failure.ts';

/** One line of what a deployment is doing: `subject` is the revision or a resource, such as `App/web`. */
export type WaitEvent = { subject: string; state: string; detail: string; elapsedMs: number };

export type WaitOptions = {
  client: BrainpodClient;
  pod: string;
  revisionId: string;
  timeoutMs: number;
  onEvent: (event: WaitEvent) => void;
  signal?: AbortSignal;
};

const PAUSE_MS = 1000;

/**
 * Waits until a revision is deployed and everything in it is healthy. Throws CliFailure with the revision's own error
 * where it failed, and with what is still missing where the time ran out. A server that is away for a moment is
 * waited for.
 */
export async function waitForRevision(options: WaitOptions): Promise<RevisionDetail> {
  const startedAt = Date.now();
  const deadline = startedAt + options.timeoutMs;
  const told = new Map<string, string>();
  const tell = (subject: string, state: string, detail: string) => {
    const text = `${state} ${detail}`;
    if (told.get(subject) === text) return;
    told.set(subject, text);
    options.onEvent({ subject, state, detail, elapsedMs: Date.now() - startedAt });
  };
  for (;;) {
    const revision = await readOrMissing(options, deadline, tell);
    if (revision !== null) {
      tell(`revision ${revision.version}`, revision.state, '');
      for (const resource of revision.resources) {
        tell(nameOf(resource), resource.healthy ? 'healthy' : phaseOf(resource), describe(resource));
      }
      if (isLive(revision)) return revision;
      refuseIfOver(revision);
    }
    if (Date.now() + PAUSE_MS > deadline) throw timedOut(revision, options.timeoutMs);
    await pause(options.signal);
  }
}

/** Applied, and everything in it does its work. */
export function isLive(revision: RevisionDetail): boolean {
  return revision.state === 'deployed' && revision.resources.every((resource) => resource.healthy);
}

async function readOrMissing(
  options: WaitOptions,
  deadline: number,
  tell: (subject: string, state: string, detail: string) => void,
): Promise<RevisionDetail | null> {
  try {
    return await options.client.getRevision(options.pod, options.revisionId);
  } catch (error) {
    const passing =
      error instanceof ConnectionFailure ||
      (error instanceof ApiFailure && error.code === 'SERVICE_UNAVAILABLE');
    if (!passing || Date.now() + PAUSE_MS > deadline) throw error;
    tell('API', 'waiting', error.message);
    return null;
  }
}

function refuseIfOver(revision: RevisionDetail): void {
  if (revision.state === 'failed') {
    const reason = revision.error ?? 'No reason is recorded.';
    throw new CliFailure(`Revision ${revision.version} failed. ${reason}`);
  }
  if (revision.state === 'canceled') {
    throw new CliFailure(
      `Revision ${revision.version} was canceled: an automatic deployment took its place.`,
    );
  }
}

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
  lines.push(`The deployment goes on. Wait longer with: brainpod revision wait ${revision.id} --timeout 300`);
  return new CliFailure(lines.join('\n'));
}

export function nameOf(resource: Resource): string {
  return `${resource.content.kind}/${resource.content.metadata.name}`;
}

/** The phase of a resource in one word: what it reports, else whether it is healthy. */
export function phaseOf(resource: Resource): string {
  const status = resource.status;
  if (status !== null && status !== undefined && 'phase' in status) return status.phase;
  return resource.healthy ? 'healthy' : 'waiting';
}

/** How many instances are ready, and why those that are not are not. */
export function describe(resource: Resource): string {
  const status = resource.status;
  if (status === null || status === undefined || !('replicas' in status)) return '';
  const count = `${status.readyReplicas} of ${Math.max(status.replicas.length, status.readyReplicas)} ready`;
  const reasons = status.replicas.flatMap((replica) =>
    replica.reason === undefined ? [] : [replica.reason],
  );
  return [count, ...new Set(reasons)].join(', ');
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new CliFailure('Stopped waiting. The deployment goes on.'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, PAUSE_MS);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
