import { createHash } from 'node:crypto';
import { ApiError } from '@brainpod/model/errors';
import type { RateBudgets, RateLimit } from '@brainpod/store/rate-budgets';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';

/** What is left to a caller, for the headers of an answer. */
export type Standing = { limit: number; remaining: number; resetSeconds: number };
type Verdict = Standing & { isAllowed: boolean };
type Clock = () => number;

type KeyState = {
  tokens: number;
  /** What was left to all servers when the lease was taken. */
  left: number;
  usedAtMs: number;
  /** Until when there is nothing to be had, so that nobody need ask the database. */
  emptyUntilMs: number;
  leasing: Promise<void> | null;
};

/** A lease is so many requests as come in this time at the full rate: few enough that none are missed elsewhere. */
const LEASE_SECONDS = 0.25;
/** What a server does not use in this time it does not keep from others. */
const LEASE_LIFE_MS = 1000;
const MAX_REMEMBERED = 10_000;

/**
 * Lets each API key make so many requests, on all servers together. Each server leases them in batches, so most
 * requests cost no statement; the price is that a key may be told "too many" a batch early.
 */
export class KeyRates {
  readonly #budgets: RateBudgets;
  readonly #limit: RateLimit;
  readonly #now: Clock;
  readonly #states = new Map<string, KeyState>();

  constructor(budgets: RateBudgets, limit: RateLimit, now: Clock = () => performance.now()) {
    this.#budgets = budgets;
    this.#limit = limit;
    this.#now = now;
  }

  /** Takes one request of a key's. While the database is away all are let through: they will learn that themselves. */
  async take(keyId: string): Promise<Verdict> {
    const state = this.#state(keyId);
    for (;;) {
      if (this.#now() - state.usedAtMs > LEASE_LIFE_MS) state.tokens = 0;
      if (state.tokens >= 1) {
        state.tokens -= 1;
        state.usedAtMs = this.#now();
        return { isAllowed: true, ...this.#standing(state) };
      }
      if (this.#now() < state.emptyUntilMs) return { isAllowed: false, ...this.#standing(state) };
      state.leasing ??= this.#lease(keyId, state).finally(() => {
        state.leasing = null;
      });
      try {
        await state.leasing;
      } catch (error) {
        if (!isDatabaseUnavailable(error)) throw error;
        return { isAllowed: true, ...this.#standing(state) };
      }
    }
  }

  async #lease(keyId: string, state: KeyState): Promise<void> {
    const wanted = Math.max(
      1,
      Math.min(this.#limit.burst, Math.floor(this.#limit.perSecond * LEASE_SECONDS)),
    );
    const { tokens, left } = await this.#budgets.lease(keyId, wanted, this.#limit);
    state.tokens = tokens;
    state.left = left;
    state.usedAtMs = this.#now();
    if (tokens < 1) state.emptyUntilMs = this.#now() + ((1 - left) / this.#limit.perSecond) * 1000;
  }

  #state(keyId: string): KeyState {
    const known = this.#states.get(keyId);
    const fresh = { tokens: 0, left: this.#limit.burst, usedAtMs: 0, emptyUntilMs: 0, leasing: null };
    const state = known ?? fresh;
    remember(this.#states, keyId, state);
    return state;
  }

  #standing({ tokens, left, emptyUntilMs }: KeyState): Standing {
    const { burst, perSecond } = this.#limit;
    const remaining = Math.max(0, Math.floor(tokens + left));
    const waitMs = remaining > 0 ? 0 : emptyUntilMs - this.#now();
    const full = (burst - remaining) / perSecond;
    return {
      limit: burst,
      remaining,
      resetSeconds: Math.max(0, Math.ceil(remaining > 0 ? full : waitMs / 1000)),
    };
  }
}

/**
 * Against those who guess keys: an address that shows many that are none is not listened to for a while, on this
 * server. Keys that were good here before are, for many people can share an address.
 */
export class AddressRates {
  readonly #limit: RateLimit;
  readonly #now: Clock;
  readonly #buckets = new Map<string, { tokens: number; atMs: number }>();
  readonly #knownSecrets = new Map<string, true>();

  constructor(limit: RateLimit, now: Clock = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /** RATE_LIMITED (ApiError) when the address has used up its failures. */
  assertMayTry(address: string, secret: string | null): void {
    if (secret !== null && this.#knownSecrets.has(digest(secret))) return;
    const { tokens } = this.#bucket(address);
    if (tokens >= 1) return;
    const resetSeconds = Math.ceil((1 - tokens) / this.#limit.perSecond);
    throw tooMany(resetSeconds, 'Too many requests without a valid API key came from this address.');
  }

  /** A request without a valid key, or one that needs none. */
  recordFailure(address: string, secret: string | null): void {
    if (secret !== null) this.#knownSecrets.delete(digest(secret));
    const bucket = this.#bucket(address);
    bucket.tokens = Math.max(0, bucket.tokens - 1);
  }

  recordSuccess(secret: string): void {
    remember(this.#knownSecrets, digest(secret), true);
  }

  #bucket(address: string): { tokens: number; atMs: number } {
    const { perSecond, burst } = this.#limit;
    const atMs = this.#now();
    const before = this.#buckets.get(address) ?? { tokens: burst, atMs };
    const tokens = Math.min(burst, before.tokens + ((atMs - before.atMs) / 1000) * perSecond);
    const bucket = { tokens, atMs };
    remember(this.#buckets, address, bucket);
    return bucket;
  }
}

/** The RATE_LIMITED error, which says when to come back. */
export function tooMany(retryAfterSeconds: number, reason: string): ApiError {
  const seconds = Math.max(1, retryAfterSeconds);
  return new ApiError(
    'RATE_LIMITED',
    `${reason} Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    {
      retryAfterSeconds: seconds,
    },
  );
}

/** What an answer says of the caller's rate. */
export function rateHeaders({ limit, remaining, resetSeconds }: Standing): Record<string, string> {
  return {
    'ratelimit-limit': String(limit),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(resetSeconds),
  };
}

/** Keeps the newest so many. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > MAX_REMEMBERED ? map.keys().next().value : undefined;
  if (oldest !== undefined) map.delete(oldest);
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64');
}
