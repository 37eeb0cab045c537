import { get } from 'node:http';
import { isIPv6 } from 'node:net';

/** What is asked of DNS. `Resolver` of node:dns/promises is one. */
export type AddressQuestions = {
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
};

export type EdgeQuestion = {
  domain: string;
  /** Authorities always ask at 80 (RFC 8555, 8.3). */
  port: number;
  challenge: { path: string; answer: string };
};

const TIMEOUT_MS = 4_000;
const MAX_BYTES = 1024;

/**
 * Asks a domain for a challenge's answer, as the authority is going to: whether it gets it. It says no more than that:
 * the domain's owner chooses where this asks, and is not to learn what answers there.
 */
export async function edgeAnswers(
  dns: AddressQuestions,
  question: EdgeQuestion,
  signal: AbortSignal,
): Promise<boolean> {
  const found = await Promise.allSettled([dns.resolve6(question.domain), dns.resolve4(question.domain)]);
  signal.throwIfAborted();
  // As an authority does: one address of each kind, the newer kind first.
  for (const addresses of found) {
    const [address] = addresses.status === 'fulfilled' ? addresses.value : [];
    if (address !== undefined && (await ask(address, question, signal)) === question.challenge.answer)
      return true;
  }
  return false;
}

/** What is said at the address; null when nothing is, or too much. */
function ask(
  address: string,
  { domain, port, challenge }: EdgeQuestion,
  signal: AbortSignal,
): Promise<string | null> {
  return new Promise((resolve) => {
    const outgoing = get(
      {
        host: address,
        family: isIPv6(address) ? 6 : 4,
        port,
        path: challenge.path,
        headers: { host: domain, 'user-agent': 'brainpod' },
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MAX_BYTES) outgoing.destroy();
        });
        response.on('end', () => resolve(response.statusCode === 200 ? text.trim() : null));
        response.on('error', () => resolve(null));
      },
    );
    // Also when it was destroyed above.
    outgoing.on('error', () => resolve(null));
    outgoing.on('close', () => resolve(null));
  });
}
