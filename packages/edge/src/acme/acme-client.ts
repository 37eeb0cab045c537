import { rootCertificates } from 'node:tls';
import type { AccountKey } from './account-key.ts';
import { AcmeProblem, readProblem } from './acme-problem.ts';
import { type HttpAnswer, httpsRequest } from './https-request.ts';

/** Of an order (RFC 8555, 7.1.6). */
export type OrderStatus = 'pending' | 'ready' | 'processing' | 'valid' | 'invalid';

export type Order = {
  url: string;
  status: OrderStatus;
  /** Where it is said what has to be proven. */
  authorizations: string[];
  /** Where the request for the certificate goes. */
  finalize: string;
  /** Where the certificate is, once there is one. */
  certificate: string | null;
  /** Why it is invalid, in the authority's words; null where it says nothing. */
  problem: string | null;
  /** How long the authority wants to be left alone; null where it has no wish. */
  retryAfterMs: number | null;
};

/** Of an authorization and of its challenge by HTTP (RFC 8555, 7.1.4 and 8.3). */
export type Authorization = {
  status: string;
  challenge: { url: string; token: string; status: string } | null;
  /** Why it failed, in the authority's words; null where it has not. */
  problem: string | null;
};

export type AcmeClientOptions = {
  /** The authority, by the address of its directory. */
  directory: string;
  key: AccountKey;
  /** What the authority calls the account; null while it does not know it. */
  accountUrl: string | null;
  /** An authority whose own certificate no public one vouches for, PEM. */
  ca: string | null;
  signal?: AbortSignal;
};

type Directory = { newNonce: string; newAccount: string; newOrder: string };
type Fields = Readonly<Record<string, unknown>>;

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 512 * 1024;
// An authority may forget a nonce that it gave; it then gives another with its refusal.
const MAX_NONCES = 8;
const TOKEN = /^[A-Za-z0-9_-]{1,256}$/;

/**
 * Speaks with an ACME authority (RFC 8555), a request at a time. Each call rejects with AcmeProblem; the state is at the
 * authority, and whoever calls again finds it there.
 */
export class AcmeClient {
  readonly #options: AcmeClientOptions;
  readonly #ca: readonly string[] | undefined;
  #accountUrl: string | null;
  #directory: Directory | null = null;
  #nonce: string | null = null;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
    this.#accountUrl = options.accountUrl;
    this.#ca = options.ca === null ? undefined : [...rootCertificates, options.ca];
  }

  /** Makes the account known, or finds it where it is known; returns what the authority calls it. */
  async register(email: string | null): Promise<string> {
    const { newAccount } = await this.#read();
    this.#accountUrl = null;
    const { headers } = await this.#post(newAccount, {
      termsOfServiceAgreed: true,
      ...(email === null ? {} : { contact: [`mailto:${email}`] }),
    });
    this.#accountUrl = addressOf(headers.location, 'an account');
    return this.#accountUrl;
  }

  async newOrder(domain: string): Promise<Order> {
    const { newOrder } = await this.#read();
    const answer = await this.#post(newOrder, { identifiers: [{ type: 'dns', value: domain }] });
    return toOrder(addressOf(answer.headers.location, 'an order'), answer);
  }

  async order(url: string): Promise<Order> {
    return toOrder(url, await this.#post(url, null));
  }

  async authorization(url: string): Promise<Authorization> {
    const { status, challenges } = parse(await this.#post(url, null));
    const offered = Array.isArray(challenges) ? challenges.filter(isFields) : [];
    const byHttp = offered.find(({ type }) => type === 'http-01');
    const failed = offered.find(({ error }) => error !== undefined);
    return {
      status: String(status),
      challenge: byHttp === undefined ? null : toChallenge(byHttp),
      problem: failed === undefined ? null : readProblem(failed.error).text || null,
    };
  }

  /** Has the authority ask the domain now. */
  async ask(challengeUrl: string): Promise<void> {
    await this.#post(challengeUrl, {});
  }

  /** `csr` as base64url. */
  async finalize(order: Order, csr: string): Promise<Order> {
    return toOrder(order.url, await this.#post(order.finalize, { csr }));
  }

  /** The certificate with its chain, PEM. */
  async certificate(url: string): Promise<string> {
    return (await this.#post(url, null)).body;
  }

  async #read(): Promise<Directory> {
    if (this.#directory === null) {
      const { newNonce, newAccount, newOrder } = parse(await this.#send(this.#options.directory, 'GET'));
      this.#directory = {
        newNonce: addressOf(newNonce, 'a nonce'),
        newAccount: addressOf(newAccount, 'accounts'),
        newOrder: addressOf(newOrder, 'orders'),
      };
    }
    return this.#directory;
  }

  /** `payload` is null to read what is there (RFC 8555, 6.3). */
  async #post(url: string, payload: object | null): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#postOnce(url, payload);
      } catch (error) {
        const isStale = error instanceof AcmeProblem && error.type === 'badNonce';
        if (!isStale || attempt >= MAX_NONCES) throw error;
      }
    }
  }

  async #postOnce(url: string, payload: object | null): Promise<HttpAnswer> {
    const nonce = await this.#takeNonce();
    const body = this.#options.key.sign({
      url,
      nonce,
      accountUrl: this.#accountUrl,
      payload: payload === null ? '' : JSON.stringify(payload),
    });
    return this.#send(url, 'POST', body);
  }

  async #takeNonce(): Promise<string> {
    const { newNonce } = await this.#read();
    if (this.#nonce === null) await this.#send(newNonce, 'HEAD');
    const nonce = this.#nonce;
    this.#nonce = null;
    if (nonce === null) throw misunderstood('gives no nonce');
    return nonce;
  }

  async #send(url: string, method: 'GET' | 'HEAD' | 'POST', body?: string): Promise<HttpAnswer> {
    const { signal } = this.#options;
    let answer: HttpAnswer;
    try {
      answer = await httpsRequest(url, {
        method,
        ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/jose+json' } }),
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_ANSWER_BYTES,
        ...(this.#ca === undefined ? {} : { ca: this.#ca }),
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new AcmeProblem('The certificate authority does not answer.', {
        ...{ type: 'unreachable', status: 0, cause },
      });
    }
    const nonce = answer.headers['replay-nonce'];
    if (typeof nonce === 'string') this.#nonce = nonce;
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusal(answer);
  }
}

function refusal({ status, headers, body }: HttpAnswer): AcmeProblem {
  let document: unknown = null;
  try {
    document = JSON.parse(body);
  } catch {
    // Something in front of the authority answered, in a language of its own; its status says enough.
  }
  const { type, text } = readProblem(document);
  const said = text === '' ? `It answers with status ${status}.` : text;
  return new AcmeProblem(said, { type, status, retryAfterMs: retryAfterMs(headers['retry-after']) });
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function retryAfterMs(header: string | undefined): number | null {
  if (header === undefined) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

function toOrder(url: string, answer: HttpAnswer): Order {
  const { status, authorizations, finalize, certificate, error } = parse(answer);
  return {
    url,
    status: statusOf(status),
    authorizations: Array.isArray(authorizations)
      ? authorizations.map((each) => addressOf(each, 'a proof'))
      : [],
    finalize: addressOf(finalize, 'a request'),
    certificate: certificate === undefined ? null : addressOf(certificate, 'a certificate'),
    problem: error === undefined ? null : readProblem(error).text || null,
    retryAfterMs: retryAfterMs(answer.headers['retry-after']),
  };
}

function statusOf(status: unknown): OrderStatus {
  switch (status) {
    case 'pending':
    case 'ready':
    case 'processing':
    case 'valid':
    case 'invalid':
      return status;
    default:
      throw misunderstood('gives an order a state that there is not');
  }
}

function toChallenge({ url, token, status }: Fields): Authorization['challenge'] {
  // It becomes a path at the edge.
  if (typeof token !== 'string' || !TOKEN.test(token)) throw misunderstood('gives a token that is none');
  return { url: addressOf(url, 'a challenge'), token, status: String(status) };
}

function parse({ body }: HttpAnswer): Fields {
  try {
    const value: unknown = JSON.parse(body);
    if (isFields(value)) return value;
  } catch {
    // As below: what is not JSON is no answer either.
  }
  throw misunderstood('answers with something that is not ACME');
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function addressOf(value: unknown, what: string): string {
  if (typeof value === 'string' && URL.canParse(value) && new URL(value).protocol === 'https:') return value;
  throw misunderstood(`does not say where ${what} is`);
}

function misunderstood(what: string): AcmeProblem {
  return new AcmeProblem(`The certificate authority ${what}.`, { type: 'malformedAnswer', status: 200 });
}
