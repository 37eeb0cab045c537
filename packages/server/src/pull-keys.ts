import { setTimeout as delay } from 'node:timers/promises';
import { derivePullKey, verifyPullToken } from '@brainpod/registry/pull-token';
import type { PullKeys, RotationTimes } from '@brainpod/store/pull-keys';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { Logger } from 'pino';

/** Far shorter than the time for which a key is accepted after it has been decided that it will be refused. */
const REMEMBER_MS = 10_000;
const LOOK_INTERVAL_MS = 5_000;

type Known = { key: Buffer; refusedAfter: Date | null };
type Options = {
  pullKeys: Pick<PullKeys, 'list'>;
  masterKey: Buffer;
  now?: () => Date;
  /** How long what the store said counts. */
  rememberMs?: number;
};

/**
 * Says whether nodes may pull with a password. Asks the store for new keys now and then, and for a password that fits
 * none; while the database is away nodes pull on with what they have.
 */
export class PullTokenCheck {
  readonly #options: Options;
  readonly #now: () => Date;
  #known: readonly Known[] = [];
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#now = options.now ?? (() => new Date());
  }

  /** Rejects when what is known does not say, and the database is away. */
  async verify(pod: string, token: string): Promise<boolean> {
    const isFresh = performance.now() - this.#readAtMs < (this.#options.rememberMs ?? REMEMBER_MS);
    const failure = isFresh ? null : await this.#tryRead();
    if (this.#fits(pod, token)) return true;
    if (failure !== null) throw failure;
    if (isFresh) await this.#read();
    return this.#fits(pod, token);
  }

  #fits(pod: string, token: string): boolean {
    const now = this.#now();
    return this.#known.some(
      ({ key, refusedAfter }) =>
        (refusedAfter === null || now < refusedAfter) && verifyPullToken(key, pod, token),
    );
  }

  async #tryRead(): Promise<Error | null> {
    try {
      await this.#read();
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** However many ask at once, the store is asked once. */
  #read(): Promise<void> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    const { pullKeys, masterKey } = this.#options;
    const keys = await pullKeys.list();
    this.#known = keys.map(({ salt, refusedAfter }) => ({
      key: derivePullKey(masterKey, salt),
      refusedAfter,
    }));
    this.#readAtMs = performance.now();
  }
}

/** Replaces keys that are too old and lets go those that no namespace holds, until `signal`. Never rejects. */
export async function keepPullKeys(
  signal: AbortSignal,
  parts: {
    pullKeys: Pick<PullKeys, 'keep'>;
    times: RotationTimes;
    now: () => Date;
    logger: Logger;
    intervalMs?: number;
  },
): Promise<void> {
  const { pullKeys, times, now, logger, intervalMs = LOOK_INTERVAL_MS } = parts;
  while (!signal.aborted) {
    try {
      if (await pullKeys.keep(now(), times)) logger.info('pull keys were replaced, or let go');
    } catch (error) {
      // What is accepted goes on being accepted, and the next round goes on from there.
      const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
      logger[level]({ err: error }, 'could not look after the pull keys');
    }
    await delay(intervalMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
