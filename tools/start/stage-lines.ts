import { formatDuration, formatEstimate } from './duration-text.ts';

/** A stage as it stands. Times are milliseconds of one clock. */
export type Stage = {
  id: string;
  title: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
  startedAt: number | null;
  finishedAt: number | null;
  /** How long it takes as far as is known, in seconds, counted from its start. */
  estimateSeconds: number | null;
  /** What it does or waits for right now; when it is done, what came out. */
  detail: string | null;
};

const TITLE_WIDTH = 24;

/** The line printed when a stage begins. `total` is the time since the command began, in ms. */
export function startedLine(stage: Stage, totalMs: number): string {
  const expectation = stage.estimateSeconds === null ? '' : `, ${formatEstimate(stage.estimateSeconds)}`;
  return `${clock(totalMs)} ${stage.title}: begins${expectation}`;
}

/** The line printed while a stage goes on, where nothing can be redrawn. */
export function progressLine(stage: Stage, now: number, totalMs: number): string {
  const left = remainingSeconds(stage, now);
  const parts = [stage.detail, left === null ? null : `${formatEstimate(left)} left`].filter(
    (part) => part !== null,
  );
  return `${clock(totalMs)} ${stage.title}: ${parts.join(', ')}`;
}

/** The line that stays when a stage is over. */
export function finishedLine(stage: Stage, totalMs: number): string {
  const took = formatDuration(((stage.finishedAt ?? 0) - (stage.startedAt ?? 0)) / 1000);
  const outcome = stage.state === 'failed' ? 'failed after' : 'done in';
  const detail = stage.detail === null ? '' : ` (${stage.detail})`;
  return `${clock(totalMs)} ${stage.title}: ${outcome} ${took}${detail}`;
}

/** The one line that is redrawn on a terminal, cut to its width. */
export function liveLine(stages: readonly Stage[], now: number, totalMs: number, width: number): string {
  const running = stages.filter((stage) => stage.state === 'running').at(-1);
  if (running === undefined) return '';
  const spent = formatDuration((now - (running.startedAt ?? now)) / 1000);
  const left = remainingSeconds(running, now);
  const time = left === null ? spent : `${spent}, ${formatEstimate(left)} left`;
  const detail = running.detail === null ? '' : ` · ${running.detail}`;
  return cut(`${clock(totalMs)} ${running.title.padEnd(TITLE_WIDTH)} ${time}${detail}`, width);
}

/** Seconds left of a running stage; null when there is no estimate or it was too low. */
function remainingSeconds(stage: Stage, now: number): number | null {
  if (stage.estimateSeconds === null || stage.startedAt === null) return null;
  const left = stage.estimateSeconds - (now - stage.startedAt) / 1000;
  return left > 0 ? left : null;
}

function clock(totalMs: number): string {
  return `[${(totalMs / 1000).toFixed(1).padStart(6)} s]`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
