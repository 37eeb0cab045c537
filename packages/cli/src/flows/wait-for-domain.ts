import type { BrainpodClient } from '@brainpod/api-client/client';
import type { Domain } from '@brainpod/api-client/domains-client';
import { CliFailure } from '../failure.ts';
import { isPassing, messageOf, PAUSE_MS, pause } from './asking-again.ts';
import type { WaitEvent } from './wait-for-revision.ts';

export type DomainWait = {
  client: BrainpodClient;
  pod: string;
  domain: string;
  timeoutMs: number;
  onEvent: (event: WaitEvent) => void;
  signal: AbortSignal;
};

/** The server itself asks DNS ever more rarely; somebody is waiting, so it is asked to at least so often. */
const RECHECK_MS = 15_000;

/**
 * Has a domain looked at, again and again while DNS does not lead to it, until it is active. Throws CliFailure with the
 * reason where it failed, and with the records to set where the time ran out. A server that is away for a moment is
 * waited for.
 */
export async function waitForDomain(options: DomainWait): Promise<Domain> {
  try {
    return await new Wait(options).run();
  } catch (error) {
    if (options.signal.aborted) throw stopped(options);
    throw error;
  }
}

class Wait {
  readonly #options: DomainWait;
  readonly #startedAt = Date.now();
  /** When it was asked to be looked at, and the instant for that: as long as it stands, nobody has looked. */
  #asked: { at: number; due: Domain['nextAttemptAt'] } = { at: 0, due: null };
  #told = '';

  constructor(options: DomainWait) {
    this.#options = options;
  }

  async run(): Promise<Domain> {
    let last = await this.#ask();
    for (;;) {
      await pause(this.#options.signal);
      const found = await this.#whileAway(() => this.#read());
      last = found ?? last;
      if (found !== null) {
        this.#tell(found.state, found.reason ?? '');
        if (found.nextAttemptAt !== this.#asked.due) {
          if (found.state === 'active') return found;
          refuseIfOver(found, this.#options.pod);
          const askedMs = Date.now() - this.#asked.at;
          if (found.state === 'waitingForDns' && askedMs >= RECHECK_MS)
            await this.#whileAway(() => this.#ask());
        }
      }
      if (this.#leftMs() < PAUSE_MS) throw timedOut(last, this.#options);
    }
  }

  async #ask(): Promise<Domain> {
    const { client, pod, domain } = this.#options;
    const asked = await client.domains.check(pod, domain);
    this.#asked = { at: Date.now(), due: asked.nextAttemptAt };
    return asked;
  }

  async #read(): Promise<Domain> {
    const { client, pod, domain } = this.#options;
    const found = (await client.domains.list(pod)).find((each) => each.domain === domain);
    if (found !== undefined) return found;
    throw new CliFailure(`No Route of pod ${pod} names the domain ${domain} any more.`, {
      advice: `The own domains of this pod: brainpod domain list ${pod}`,
    });
  }

  /** Null while the server is away. */
  async #whileAway(question: () => Promise<Domain>): Promise<Domain | null> {
    try {
      return await question();
    } catch (error) {
      if (!isPassing(error) || this.#leftMs() < PAUSE_MS) throw error;
      this.#tell('waiting', messageOf(error));
      return null;
    }
  }

  #tell(state: string, detail: string): void {
    const words = `${state} ${detail}`;
    if (words === this.#told) return;
    this.#told = words;
    const elapsedMs = Date.now() - this.#startedAt;
    this.#options.onEvent({ subject: this.#options.domain, state, detail, instances: [], elapsedMs });
  }

  #leftMs(): number {
    return this.#startedAt + this.#options.timeoutMs - Date.now();
  }
}

/** `renewing`, after it was looked at: what serves goes on serving, and nothing new could be got. */
function refuseIfOver({ domain, state, reason, nextAttemptAt }: Domain, pod: string): void {
  if (state !== 'failed' && !(state === 'renewing' && reason !== null)) return;
  const what = state === 'failed' ? 'failed' : 'is served, but its certificate could not be renewed';
  const next = nextAttemptAt === null ? '' : `It is tried again by itself at ${nextAttemptAt}. `;
  throw new CliFailure(`${domain} ${what}. ${reason ?? 'No reason is recorded.'}`, {
    advice: `${next}When it is put right, try at once: brainpod domain check ${pod} ${domain} --wait`,
  });
}

function timedOut({ domain, state, reason, records }: Domain, { pod, timeoutMs }: DomainWait): CliFailure {
  const after = `after ${Math.round(timeoutMs / 1000)} seconds`;
  const why = reason === null ? '' : ` ${reason}`;
  const set =
    state === 'waitingForDns'
      ? [
          'Set one of these records where the names of the domain are kept:',
          ...[records.cname, records.txt].map(({ type, name, value }) => `  ${type}  ${name}  ${value}`),
        ]
      : [];
  const advice = [
    ...set,
    `It goes on by itself. Wait longer with: brainpod domain check ${pod} ${domain} --wait --timeout 1800`,
  ];
  return new CliFailure(`${domain} is ${state}, and not active ${after}.${why}`, {
    advice: advice.join('\n'),
  });
}

function stopped({ pod, domain }: DomainWait): CliFailure {
  return new CliFailure('Stopped waiting. The platform goes on by itself.', {
    advice: `How it stands: brainpod domain list ${pod}. Wait again with: brainpod domain check ${pod} ${domain} --wait`,
  });
}
