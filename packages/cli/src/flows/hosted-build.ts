import { ApiFailure } from '@brainpod/api-client/failure';
import { CliFailure } from '../failure.ts';
import { isPassing, messageOf } from './asking-again.ts';
import { type Build, type BuildLogEntry, type BuildRequest, type BuildsApi, pauseFor } from './builds-api.ts';

export type HostedEvent =
  | { kind: 'created'; build: Build }
  /** So many builds begin before it does. */
  | { kind: 'waiting'; ahead: number }
  | { kind: 'entry'; entry: BuildLogEntry }
  /** The server is away for a moment. */
  | { kind: 'away'; reason: string };

export type FollowOptions = {
  api: BuildsApi;
  pod: string;
  report: (event: HostedEvent) => void;
  /** Raised when the person does not want to wait any longer. */
  signal?: AbortSignal;
};

const SHORTEST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 1000;
const CANCEL_TIMEOUT_MS = 10_000;
/** After this long without an answer the server is taken to be gone. */
const AWAY_MS = 120_000;

/**
 * Has the server build a source, and tells what happens until it is done. Throws CliFailure with the build's own error where it failed. Where the signal is raised
 * the build is cancelled, and the CliFailure says whether that worked.
 */
export async function hostedBuild(options: FollowOptions & { request: BuildRequest }): Promise<Build> {
  const { api, pod, request, report, signal } = options;
  const created = await api.createBuild(pod, request, signal).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
    throw new CliFailure('Stopped while the build was asked for.', {
      advice: 'Whether it was made: brainpod build list',
      cause: error,
    });
  });
  report({ kind: 'created', build: created });
  try {
    return succeeded(await followBuild(options, created.id));
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    throw await cancel(api, pod, created.id);
  }
}

/** Tells a build's log from its beginning until the build ends, and gives the build as it ended, whatever the end. */
export async function followBuild(options: FollowOptions, id: string): Promise<Build> {
  const { api, pod, report, signal } = options;
  let after = 0;
  let ahead = -1;
  let pauseMs = SHORTEST_PAUSE_MS;
  for (;;) {
    const { items, ended } = await patient(options, () => api.getBuildLog(pod, id, after, signal));
    for (const entry of items) {
      report({ kind: 'entry', entry });
      after = Math.max(after, entry.seq);
    }
    if (items.length === 0) {
      const build = await patient(options, () => api.getBuild(pod, id, signal));
      if (ended) return build;
      if (build.state === 'waiting' && build.ahead !== null && build.ahead !== ahead) {
        ahead = build.ahead;
        report({ kind: 'waiting', ahead });
      }
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
    } else pauseMs = SHORTEST_PAUSE_MS;
    if (!ended) await pauseFor(pauseMs, signal);
  }
}

/** The build, where there is an image. */
function succeeded(build: Build): Build {
  switch (build.state) {
    case 'ready':
      return build;
    case 'cancelled':
      throw new CliFailure(`The build was cancelled${build.error === null ? '' : `: ${build.error}`}.`);
    default:
      throw new CliFailure(build.error ?? 'The build failed, and there is no reason.', {
        advice: `Its whole log: brainpod build log ${build.id}`,
      });
  }
}

/** A server that is started anew is waited for: the build goes on there. */
async function patient<Answer>(options: FollowOptions, ask: () => Promise<Answer>): Promise<Answer> {
  const until = Date.now() + AWAY_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (options.signal?.aborted || !isPassing(error) || Date.now() > until) throw error;
      options.report({ kind: 'away', reason: messageOf(error) });
      await pauseFor(LONGEST_PAUSE_MS, options.signal);
    }
  }
}

async function cancel(api: BuildsApi, pod: string, id: string): Promise<CliFailure> {
  try {
    await api.cancelBuild(pod, id, AbortSignal.timeout(CANCEL_TIMEOUT_MS));
    return new CliFailure('The build was cancelled.');
  } catch (error) {
    if (error instanceof ApiFailure && error.code === 'PRECONDITION_FAILED')
      return new CliFailure('The build had ended before it could be cancelled.', {
        advice: `How it ended: brainpod build get ${id}`,
      });
    return new CliFailure(`The build could not be cancelled, and may go on: ${messageOf(error)}`, {
      advice: `Try again: brainpod build cancel ${id}`,
      cause: error,
    });
  }
}
