/** What happens during a build, step by step. `step` tells steps apart, `name` is BuildKit's text for people. */
export type BuildEvent =
  | { kind: 'step-started'; step: string; name: string }
  | { kind: 'step-done'; step: string; name: string; cached: boolean; durationMs: number }
  | { kind: 'step-failed'; step: string; name: string; message: string }
  | { kind: 'log'; step: string; name: string; line: string };

type Fields = ReadonlyMap<string, unknown>;

const NO_TIME = '0001-01-01T00:00:00Z';

/**
 * Turns the lines that `buildctl --progress=rawjson` prints into events. BuildKit repeats what it said before, and
 * cuts output where it likes: this remembers what is known, and gives whole lines only.
 */
export class ProgressReader {
  readonly #states = new Map<string, 'started' | 'ended'>();
  readonly #names = new Map<string, string>();
  readonly #partialLines = new Map<string, string>();

  /** The events in one line; null where the line is not progress but text for people. */
  read(line: string): BuildEvent[] | null {
    if (!line.startsWith('{')) return null;
    let message: Fields;
    try {
      message = fieldsOf(JSON.parse(line));
    } catch {
      // A Dockerfile's excerpt may begin with a brace too.
      return null;
    }
    return [
      ...listOf(message.get('vertexes')).flatMap((vertex) => this.#vertex(vertex)),
      ...listOf(message.get('logs')).flatMap((log) => this.#log(log)),
    ];
  }

  #vertex(vertex: Fields): BuildEvent[] {
    const step = textOf(vertex.get('digest'));
    const name = textOf(vertex.get('name'));
    this.#names.set(step, name);
    const started = timeOf(vertex.get('started'));
    const completed = timeOf(vertex.get('completed'));
    const message = textOf(vertex.get('error'));
    const events: BuildEvent[] = [];
    if (started !== null && !this.#states.has(step)) {
      this.#states.set(step, 'started');
      events.push({ kind: 'step-started', step, name });
    }
    if (completed === null || started === null) return events;
    if (message !== '') {
      this.#states.set(step, 'ended');
      return [...events, ...this.#rest(step, name), { kind: 'step-failed', step, name, message }];
    }
    // BuildKit ends and starts some steps twice; the first end is told.
    if (this.#states.get(step) === 'ended') return events;
    this.#states.set(step, 'ended');
    const cached = vertex.get('cached') === true;
    const durationMs = completed - started;
    return [...events, ...this.#rest(step, name), { kind: 'step-done', step, name, cached, durationMs }];
  }

  #log(log: Fields): BuildEvent[] {
    const step = textOf(log.get('vertex'));
    const name = this.#names.get(step) ?? '';
    const text = Buffer.from(textOf(log.get('data')), 'base64').toString('utf8');
    const lines = ((this.#partialLines.get(step) ?? '') + text).split('\n');
    this.#partialLines.set(step, lines.pop() ?? '');
    return lines.map((line) => ({ kind: 'log', step, name, line: line.replace(/\r$/, '') }));
  }

  /** What a step said last without ending the line. */
  #rest(step: string, name: string): BuildEvent[] {
    const line = this.#partialLines.get(step) ?? '';
    this.#partialLines.delete(step);
    return line === '' ? [] : [{ kind: 'log', step, name, line }];
  }
}

function fieldsOf(value: unknown): Fields {
  return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function timeOf(value: unknown): number | null {
  if (typeof value !== 'string' || value === NO_TIME) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}
