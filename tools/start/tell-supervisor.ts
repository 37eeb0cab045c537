import type { ControlClient } from '@brainpod/supervisor/control-client';
import type { StageStatus } from '@brainpod/supervisor/status';
import type { Progress } from './progress.ts';
import type { Stage } from './stage-lines.ts';

/** Passes every change of a stage on to the supervisor, from which the status page has it. */
export async function tellSupervisor(
  client: ControlClient,
  progress: Progress,
  startedAt: number,
): Promise<{ settled: () => Promise<void> }> {
  await client.request({ op: 'clear-stages' });
  let queue: Promise<unknown> = Promise.resolve();
  let failed = false;
  progress.listen((stage) => {
    queue = queue
      .then(() => client.request({ op: 'stage', stage: toStatus(stage, startedAt) }))
      .catch((error: unknown) => {
        // Said once: the work itself goes on, and fails by itself if it needs the supervisor.
        if (!failed) progress.say(`The status page is not told of the progress any more: ${String(error)}`);
        failed = true;
      });
  });
  return {
    settled: async () => {
      await queue;
    },
  };
}

function toStatus(stage: Stage, startedAt: number): StageStatus {
  const iso = (ms: number): string => new Date(Math.max(ms, startedAt)).toISOString();
  return {
    id: stage.id,
    title: stage.title,
    state: stage.state,
    ...(stage.startedAt === null ? {} : { startedAt: iso(stage.startedAt) }),
    ...(stage.finishedAt === null ? {} : { finishedAt: iso(stage.finishedAt) }),
    ...(stage.estimateSeconds === null ? {} : { estimateSeconds: Math.round(stage.estimateSeconds) }),
    ...(stage.detail === null ? {} : { detail: stage.detail }),
  };
}
