import { Resolver } from 'node:dns/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import { type StepDeps, stepDomain } from './domain-step.ts';

const LOOK_INTERVAL_MS = 2_000;
const AT_ONCE = 8;
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

async function work(signal: AbortSignal, deps: StepDeps): Promise<void> {
  while (!signal.aborted) {
    const due = await deps.domains.due(deps.now(), AT_ONCE);
    await Promise.all(due.map((domain) => stepDomain(deps, domain, signal)));
    if (due.length < AT_ONCE) await pause(signal);
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
}
