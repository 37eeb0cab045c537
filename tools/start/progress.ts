import { finishedLine, liveLine, progressLine, type Stage, startedLine } from './stage-lines.ts';

const REDRAW_MS = 200;
/** Where lines cannot be redrawn, a stage in progress says something at most this often. */
const PLAIN_INTERVAL_MS = 15_000;

type Output = { write: (text: string) => unknown; columns?: number | undefined };

export type ProgressOptions = {
  output: Output;
  /** Whether lines may be redrawn: a terminal, and not a CI system that calls itself one. */
  live: boolean;
  now: () => number;
  /** When the whole command began, on the same clock. */
  startedAt: number;
};

export type StageHandle = {
  /** What it does or waits for right now. */
  detail: (text: string) => void;
  /** What came of it, shown when the stage is over. */
  outcome: (text: string) => void;
  /** A better estimate of what is left, in seconds from now. */
  remaining: (seconds: number) => void;
};

/** Runs stages one by one and tells of them: on the terminal, and to whoever listens. */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #stages: Stage[] = [];
  #onChange: (stage: Stage) => void = () => undefined;
  #timer: NodeJS.Timeout | null = null;
  #lastPlainAt = 0;
  #drawn = false;

  constructor(options: ProgressOptions) {
    this.#options = options;
  }

  /** Whoever is told of each change from now on, beginning with how things stand. */
  listen(onChange: (stage: Stage) => void): void {
    this.#onChange = onChange;
    for (const stage of this.#stages) onChange(stage);
  }

  /** Announces what will come, so that the status page shows all of the way. */
  plan(stages: readonly { id: string; title: string; estimateSeconds: number | null }[]): void {
    for (const { id, title, estimateSeconds } of stages) {
      this.#stages.push({
        id,
        title,
        state: 'waiting',
        startedAt: null,
        finishedAt: null,
        estimateSeconds,
        detail: null,
      });
    }
  }

  /** A stage that was over before this object existed. */
  record(id: string, seconds: number): void {
    const stage = this.#find(id);
    const now = this.#options.now();
    Object.assign(stage, { state: 'done', startedAt: now - seconds * 1000, finishedAt: now });
    this.#print(finishedLine(stage, now - this.#options.startedAt));
    this.#onChange(stage);
  }

  /** Runs a stage. What it throws is passed on, after the stage is shown as failed. */
  async run<T>(id: string, work: (stage: StageHandle) => Promise<T>): Promise<T> {
    const stage = this.#find(id);
    this.#begin(stage);
    try {
      const value = await work(this.#handle(stage));
      this.#finish(stage, 'done');
      return value;
    } catch (error) {
      this.#finish(stage, 'failed');
      throw error;
    }
  }

  /** How long a finished stage took, in seconds. */
  secondsOf(id: string): number {
    const { startedAt, finishedAt } = this.#find(id);
    return startedAt === null || finishedAt === null ? 0 : (finishedAt - startedAt) / 1000;
  }

  /** A line of its own, above the one that is redrawn. */
  say(line: string): void {
    this.#print(line);
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#erase();
  }

  #begin(stage: Stage): void {
    const now = this.#options.now();
    Object.assign(stage, { state: 'running', startedAt: now, finishedAt: null });
    this.#lastPlainAt = now;
    if (this.#options.live) this.#timer ??= setInterval(() => this.#draw(), REDRAW_MS);
    else this.#print(startedLine(stage, now - this.#options.startedAt));
    this.#onChange(stage);
    this.#draw();
  }

  #finish(stage: Stage, state: 'done' | 'failed'): void {
    const now = this.#options.now();
    Object.assign(stage, { state, finishedAt: now });
    this.#print(finishedLine(stage, now - this.#options.startedAt));
    this.#onChange(stage);
  }

  #handle(stage: Stage): StageHandle {
    return {
      detail: (text) => {
        if (stage.detail === text) return;
        stage.detail = text;
        this.#told(stage);
      },
      outcome: (text) => {
        stage.detail = text;
      },
      remaining: (seconds) => {
        const spent = (this.#options.now() - (stage.startedAt ?? 0)) / 1000;
        stage.estimateSeconds = spent + seconds;
        this.#told(stage);
      },
    };
  }

  #told(stage: Stage): void {
    this.#onChange(stage);
    if (this.#options.live) return;
    const now = this.#options.now();
    if (now - this.#lastPlainAt < PLAIN_INTERVAL_MS) return;
    this.#lastPlainAt = now;
    this.#print(progressLine(stage, now, now - this.#options.startedAt));
  }

  #find(id: string): Stage {
    const stage = this.#stages.find((candidate) => candidate.id === id);
    if (stage === undefined) throw new Error(`no stage ${id} is planned`);
    return stage;
  }

  #print(line: string): void {
    this.#erase();
    this.#options.output.write(`${line}\n`);
    this.#draw();
  }

  #draw(): void {
    if (!this.#options.live) return;
    const now = this.#options.now();
    const line = liveLine(
      this.#stages,
      now,
      now - this.#options.startedAt,
      this.#options.output.columns ?? 80,
    );
    this.#erase();
    if (line === '') return;
    this.#options.output.write(line);
    this.#drawn = true;
  }

  #erase(): void {
    if (this.#drawn) this.#options.output.write('\r\u001b[2K');
    this.#drawn = false;
  }
}
