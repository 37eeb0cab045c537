import type { WaitEvent } from '../flows/wait-for-revision.ts';
import type { Io } from '../io.ts';
import { paintState, type Style, styleFor } from '../text/style.ts';
import { clipped, padded } from '../text/table.ts';
import { seconds } from '../text/time.ts';

const REPAINT_MS = 500;
const DEFAULT_COLUMNS = 80;

/** Shows how a deployment goes on. `done` leaves the last picture where it is. */
export type WaitView = { show: (event: WaitEvent) => void; done: () => void };

/** A picture that changes in place on a terminal; elsewhere a line for each change. */
export function waitView(io: Io): WaitView {
  const style = styleFor(io.stderr, io.environment);
  const canRepaint = io.stderr.isTTY === true && io.environment.TERM !== 'dumb' && !io.environment.CI;
  if (canRepaint) return pictureOn(io, style);
  return linesOn(io, style);
}

function linesOn(io: Io, style: Style): WaitView {
  const told = new Map<string, string>();
  return {
    show: (event) => {
      // Instances come and go behind the same words, which are not said twice.
      const words = `${event.state} ${event.detail}`;
      if (told.get(event.subject) === words) return;
      told.set(event.subject, words);
      io.stderr.write(`${waitLine(event, style)}\n`);
    },
    done: () => undefined,
  };
}

function waitLine(event: WaitEvent, style: Style): string {
  const time = style.dim(seconds(event.elapsedMs).padStart(7));
  const detail = event.detail === '' ? '' : `  ${style.dim(event.detail)}`;
  return `${time}  ${event.subject}  ${paintState(style, event.state)}${detail}`;
}

/** All that is known at one moment: a line for each subject, and below it one for each instance that is not ready. */
export function waitPicture(
  events: readonly WaitEvent[],
  style: Style,
  world: { elapsedMs: number; columns: number },
): string[] {
  const width = Math.max(0, ...events.map(({ subject }) => subject.length));
  const lines = events.flatMap((event, index) => {
    const time = index === 0 ? `  ${style.dim(seconds(world.elapsedMs))}` : '';
    const detail = event.detail === '' ? '' : `  ${style.dim(event.detail)}`;
    const head = `  ${event.subject.padEnd(width)}  ${padded(paintState(style, event.state), 9)}${detail}${time}`;
    const unready = event.instances.filter(({ phase }) => phase !== 'Ready');
    const instances = unready.map(
      ({ name, phase, reason }) =>
        `    ${style.dim('└')} ${name}  ${paintState(style, phase)}${reason === '' ? '' : `  ${reason}`}`,
    );
    return [head.trimEnd(), ...instances];
  });
  return lines.map((line) => clipped(line, world.columns - 1));
}

function pictureOn(io: Io, style: Style): WaitView {
  const startedAt = Date.now();
  const events = new Map<string, WaitEvent>();
  let drawn = 0;
  const paint = () => {
    const columns = io.stderr.columns ?? DEFAULT_COLUMNS;
    const lines = waitPicture([...events.values()], style, { elapsedMs: Date.now() - startedAt, columns });
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
    io.stderr.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join('')}\u001b[J`);
    drawn = lines.length;
  };
  const timer = setInterval(paint, REPAINT_MS).unref();
  return {
    show: (event) => {
      if (event.subject !== 'API') events.delete('API');
      events.set(event.subject, event);
      paint();
    },
    done: () => clearInterval(timer),
  };
}
