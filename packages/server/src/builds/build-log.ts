import { setTimeout as delay } from 'node:timers/promises';
import type { BuildLogEntry } from '@brainpod/model/build-state';

const FLUSH_MS = 300;
const LONGEST_LINE = 2_000;

/** While it cannot be kept, no more of a log than this waits. */
const MOST_WAITING = 20_000;

/**
 * Keeps a build's log, a few times a second and each time all that was said since. `append` also tells whether somebody
 * has cancelled the build; then `onCancel` is called, once.
 */
export class BuildLog {
  readonly #append: (entries: BuildLogEntry[]) => Promise<{ cancelRequested: boolean }>;
  readonly #onCancel: () => void;
  readonly #hide: (text: string) => string;
  #waiting: BuildLogEntry[] = [];
  #isCancelled = false;

  /** `hide`: takes out of a text what nobody is to read. */
  constructor(parts: {
    hide?: (text: string) => string;
    append: (entries: BuildLogEntry[]) => Promise<{ cancelRequested: boolean }>;
    onCancel: () => void;
  }) {
    this.#append = parts.append;
    this.#onCancel = parts.onCancel;
    this.#hide = parts.hide ?? ((text) => text);
  }

  say(said: BuildLogEntry): void {
    const name = this.#hide(said.name);
    const line = said.line === undefined ? undefined : this.#hide(said.line);
    if (line === undefined) this.#waiting.push({ ...said, name });
    else if (line.length <= LONGEST_LINE) this.#waiting.push({ ...said, name, line });
    else this.#waiting.push({ ...said, name, line: `${line.slice(0, LONGEST_LINE)}…` });
  }

  /** Of what is done before any step of BuildKit. */
  note(line: string): void {
    this.say({ kind: 'note', step: '', name: '', line });
  }

  /**
   * Until `signal`; then all is kept that was said. Asks whether the build was cancelled even where nothing is said. What cannot
   * be kept is tried again, and rejects only where it is the last.
   */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#flush().catch(() => undefined);
      await delay(FLUSH_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.#flush();
  }

  async #flush(): Promise<void> {
    const entries = this.#waiting;
    this.#waiting = [];
    const { cancelRequested } = await this.#append(entries).catch((error: unknown) => {
      this.#waiting = [...entries, ...this.#waiting].slice(0, MOST_WAITING);
      throw error;
    });
    if (!cancelRequested || this.#isCancelled) return;
    this.#isCancelled = true;
    this.#onCancel();
  }
}
