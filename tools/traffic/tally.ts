export type TrafficResult = {
  sent: number;
  lost: number;
  /** How many of each kind were sent. */
  kinds: Record<string, number>;
  /** What went wrong, with how often. */
  reasons: Record<string, number>;
  /** The first losses, with when each was asked and how long it took. */
  losses: { at: string; afterMs: number; reason: string }[];
  /** From the first lost request to the first good one after the last lost, in milliseconds; 0 if none was lost. */
  outageMs: number;
};

const MAX_LOSSES = 50;

/** Counts what was asked and what was lost of it. */
export class Tally {
  readonly #kinds: Record<string, number> = {};
  readonly #reasons: Record<string, number> = {};
  readonly #losses: TrafficResult['losses'] = [];
  #sent = 0;
  #lost = 0;
  #firstLostAt = 0;
  #lastLostAt = 0;
  #goodAfterAt = 0;
  #lastGoodAt = 0;

  /** `startedAt` is of `performance.now()`; `reason` is null for what went well. */
  note(kind: string, startedAt: number, reason: string | null): void {
    const now = performance.now();
    this.#sent += 1;
    this.#kinds[kind] = (this.#kinds[kind] ?? 0) + 1;
    if (reason === null) {
      this.#lastGoodAt = Math.max(this.#lastGoodAt, startedAt);
      if (this.#lastLostAt > 0 && this.#goodAfterAt < this.#lastLostAt) this.#goodAfterAt = now;
      return;
    }
    this.#lost += 1;
    const told = `${kind}: ${reason}`;
    this.#reasons[told] = (this.#reasons[told] ?? 0) + 1;
    if (this.#losses.length < MAX_LOSSES) {
      const at = new Date(performance.timeOrigin + startedAt).toISOString();
      this.#losses.push({ at, afterMs: Math.round(now - startedAt), reason: told });
    }
    this.#firstLostAt ||= startedAt;
    this.#lastLostAt = now;
  }

  get sent(): number {
    return this.#sent;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Whether a request that was sent then or later went well. */
  goodSince(at: number): boolean {
    return this.#lastGoodAt >= at;
  }

  result(): TrafficResult {
    const outageMs = this.#lost === 0 ? 0 : Math.max(this.#goodAfterAt, this.#lastLostAt) - this.#firstLostAt;
    return {
      sent: this.#sent,
      lost: this.#lost,
      kinds: { ...this.#kinds },
      reasons: { ...this.#reasons },
      losses: [...this.#losses],
      outageMs: Math.round(outageMs),
    };
  }
}
