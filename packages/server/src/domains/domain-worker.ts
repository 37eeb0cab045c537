import { Resolver } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import { type StepDeps, stepDomain } from './domain-step.ts';

const LOOK_INTERVAL_MS = 1_000;
const AT_ONCE = 16;
const DNS_TIMEOUT_MS = 3_000;
const DNS_TRIES = 2;

/** Asks these servers, each as `address` or `address:port`; without any those of the system. */
export function openResolver(servers: readonly string[]): Resolver {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

/**
 * Sees to all own domains until `signal`, on one server at a time: whichever gets the lock, and another one when that
 * ends. Never rejects.
 */
export async function workOnDomains(signal: AbortSignal, deps: StepDeps): Promise<void> {
  while (!signal.aborted) {
    try {
      await deps.domains.asLeader((lockLost) => work(AbortSignal.any([signal, lockLost]), deps));
    } catch (error) {
      if (!signal.aborted) {
        const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
        deps.logger[level]({ err: error }, 'the work on domains was broken off; it goes on in a moment');
      }
    }
    await pause(signal);
  }
}

/** Takes steps side by side, so that a domain whose DNS is slow holds up no other. */
async function work(signal: AbortSignal, deps: StepDeps): Promise<void> {
  const running = new Map<string, Promise<void>>();
  const broken = new AbortController();
  const over = AbortSignal.any([signal, broken.signal]);
  while (!over.aborted) {
    // Those that are being worked on are due as well until they are done.
    const due = await deps.domains.due(deps.now(), AT_ONCE + running.size);
    for (const domain of due) {
      const key = `${domain.podId}/${domain.domain}`;
      if (running.has(key) || running.size >= AT_ONCE) continue;
      const step = stepDomain(deps, domain, over)
        .catch((error: unknown) => broken.abort(error))
        .finally(() => running.delete(key));
      running.set(key, step);
    }
    await pause(over);
  }
  await Promise.all(running.values());
  broken.signal.throwIfAborted();
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
}
