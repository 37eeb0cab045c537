import { AccountKey } from '@brainpod/edge/acme/account-key';
import { AcmeClient, type Authorization, type Order } from '@brainpod/edge/acme/acme-client';
import { AcmeProblem } from '@brainpod/edge/acme/acme-problem';
import { type AddressQuestions, edgeAnswers } from '@brainpod/edge/acme/ask-edge';
import { certificateRequest, generateCertificateKey } from '@brainpod/edge/acme/certificate-request';
import { challengePath } from '@brainpod/model/challenge-path';
import type { AcmeAccounts } from '@brainpod/store/acme-accounts';
import type { CertificateOrder, Domain } from '@brainpod/store/domains';
import type { Logger } from 'pino';
import type { TextSealer } from '../sealed-text.ts';
import type { SealedDomainKeys } from './domain-keys.ts';
import { IssueFailure, type Issuer, type IssueStep } from './issuer.ts';

export type AcmeSettings = {
  /** The authority, by the address of its directory. */
  directory: string;
  /** Whom the authority writes to when something is wrong; null for nobody. */
  email: string | null;
  /** PEM of whom to believe besides the public authorities; null for nobody. */
  ca: string | null;
};

export type AcmeParts = AcmeSettings & {
  accounts: AcmeAccounts;
  accountKeys: TextSealer;
  keys: SealedDomainKeys;
  dns: AddressQuestions;
  now: () => Date;
  logger: Logger;
  /** Where the edge is asked by HTTP, default 80: where an authority asks. */
  challengePort?: number;
};

const HTTP_PORT = 80;
const LOOK_AGAIN_MS = 1_000;
const LONGEST_LOOK_MS = 30_000;
// Authorities count failed proofs: Let's Encrypt takes five an hour for a name.
const AFTER_REFUSAL_MS = 15 * 60_000;
// An authority that has said nothing by then has forgotten the order.
const ORDER_LIFE_MS = 24 * 60 * 60_000;

/**
 * Certificates of an ACME authority (RFC 8555), which asks the domain itself, by HTTP, whether it is ours. Before it is
 * told to, the domain is asked in the same way from here: a proof that fails counts against the platform.
 */
export function acmeIssuer(parts: AcmeParts): Issuer {
  return { issuer: 'acme', step: (domain, signal) => new AcmeStep(parts, domain, signal).take() };
}

class AcmeStep {
  readonly #parts: AcmeParts;
  readonly #domain: Domain;
  readonly #signal: AbortSignal;

  constructor(parts: AcmeParts, domain: Domain, signal: AbortSignal) {
    this.#parts = parts;
    this.#domain = domain;
    this.#signal = signal;
  }

  async take(): Promise<IssueStep> {
    try {
      const client = await this.#client();
      return await this.#withClient(client);
    } catch (error) {
      if (error instanceof AcmeProblem) throw await this.#failureOf(error);
      throw error;
    }
  }

  async #withClient(client: AcmeClient): Promise<IssueStep> {
    const { order } = this.#domain;
    // Of another authority, or with a key that cannot be opened: of no use any more.
    const keyPem = order?.directory === this.#parts.directory ? this.#keyOf(order) : null;
    if (order === null || keyPem === null) return this.#begin(client);
    const now = await client.order(order.url);
    switch (now.status) {
      case 'pending':
        return this.#prove(client, order, now);
      case 'ready':
        return this.#finish(client, { order, keyPem }, await this.#finalize(client, now, keyPem));
      case 'processing':
      case 'valid':
        return this.#finish(client, { order, keyPem }, now);
      case 'invalid':
        throw this.#refused(await this.#refusalOf(client, now));
    }
  }

  #keyOf({ keySealed }: CertificateOrder): string | null {
    return this.#parts.keys.open(this.#domain.podId, this.#domain.domain, keySealed);
  }

  /** What is ordered is kept before anything comes of it. */
  async #begin(client: AcmeClient): Promise<IssueStep> {
    const { directory, keys } = this.#parts;
    const { podId, domain } = this.#domain;
    const order = await client.newOrder(domain);
    const { challenge } = await this.#authorization(client, order);
    if (challenge === null) {
      throw new IssueFailure(
        'The certificate authority does not take proofs by HTTP, and there are no others.',
      );
    }
    const answer = (await this.#accountKey()).authorize(challenge.token);
    const keySealed = keys.seal(podId, domain, await generateCertificateKey());
    const kept = { directory, url: order.url, keySealed, askedAt: null };
    return this.#goOn({ ...kept, challenge: { token: challenge.token, answer } }, 'verifying');
  }

  async #prove(client: AcmeClient, order: CertificateOrder, now: Order): Promise<IssueStep> {
    const { challenge, status } = await this.#authorization(client, now);
    if (order.askedAt !== null) {
      const ageMs = this.#parts.now().getTime() - order.askedAt.getTime();
      if (ageMs > ORDER_LIFE_MS)
        throw new IssueFailure('The certificate authority has not answered for a day.');
      return this.#goOn(order, 'verifying', { atLeastMs: now.retryAfterMs, ageMs });
    }
    // A proof that it still remembers from before.
    if (status === 'valid') return this.#goOn(order, 'verifying');
    const { dns, challengePort: port = HTTP_PORT } = this.#parts;
    const { domain } = this.#domain;
    const { token, answer } = order.challenge;
    const asked = { domain, port, challenge: { path: challengePath(token), answer } };
    if (!(await edgeAnswers(dns, asked, this.#signal))) {
      const reason = `http://${domain}/ does not lead to this platform yet, so that no certificate authority would give a certificate for it. Lead its address (A and AAAA records, or its CNAME) here, let port ${port} through, and deploy the Route.`;
      return { order, state: 'verifying', reason, waitMs: this.#patience() };
    }
    if (challenge !== null) await client.ask(challenge.url);
    return this.#goOn({ ...order, askedAt: this.#parts.now() }, 'verifying');
  }

  async #finalize(client: AcmeClient, order: Order, keyPem: string): Promise<Order> {
    return client.finalize(order, await certificateRequest(this.#domain.domain, keyPem));
  }

  async #finish(
    client: AcmeClient,
    { order, keyPem }: { order: CertificateOrder; keyPem: string },
    now: Order,
  ): Promise<IssueStep> {
    if (now.status === 'invalid') throw this.#refused(await this.#refusalOf(client, now));
    if (now.status !== 'valid' || now.certificate === null) {
      return this.#goOn(order, 'issuing', { atLeastMs: now.retryAfterMs });
    }
    return { made: { certPem: await client.certificate(now.certificate), keyPem } };
  }

  async #authorization(client: AcmeClient, { authorizations: [url] }: Order): Promise<Authorization> {
    if (url === undefined) throw new IssueFailure('The certificate authority does not say what to prove.');
    return client.authorization(url);
  }

  async #refusalOf(client: AcmeClient, order: Order): Promise<string> {
    const { problem } = await this.#authorization(client, order);
    return problem ?? order.problem ?? 'It says no more.';
  }

  #refused(problem: string): IssueFailure {
    const text = `The certificate authority asked ${this.#domain.domain} and was not convinced: ${problem}`;
    return new IssueFailure(text, { retryAfterMs: AFTER_REFUSAL_MS });
  }

  #goOn(
    order: CertificateOrder,
    state: 'verifying' | 'issuing',
    { atLeastMs = null, ageMs = 0 }: { atLeastMs?: number | null; ageMs?: number } = {},
  ): IssueStep {
    // The longer it takes, the less it matters when exactly it is seen to be done.
    const waitMs = Math.max(LOOK_AGAIN_MS, atLeastMs ?? 0, Math.min(ageMs / 10, LONGEST_LOOK_MS));
    return { order, state, reason: null, waitMs };
  }

  /** Whoever has just set a record waits for it; after a day nobody sits there any more. */
  #patience(): number {
    const { verifiedAt } = this.#domain;
    const sinceMs = verifiedAt === null ? 0 : this.#parts.now().getTime() - verifiedAt.getTime();
    return Math.min(Math.max(LOOK_AGAIN_MS, sinceMs / 10), 10 * 60_000);
  }

  async #client(): Promise<AcmeClient> {
    const { directory, email, ca, accounts } = this.#parts;
    const key = await this.#accountKey();
    const accountUrl = (await accounts.find(directory))?.url ?? null;
    const client = new AcmeClient({ directory, key, accountUrl, ca, signal: this.#signal });
    if (accountUrl === null) await accounts.setUrl(directory, await client.register(email));
    return client;
  }

  async #accountKey(): Promise<AccountKey> {
    const { directory, accounts, accountKeys, logger } = this.#parts;
    const known = await accounts.find(directory);
    if (known !== null) {
      try {
        return new AccountKey(accountKeys.open(directory, known.keySealed));
      } catch (error) {
        logger.error(
          { err: error },
          'the key of the account at the certificate authority cannot be opened: it was sealed under another master key. A new account is made.',
        );
        await accounts.remove(directory);
      }
    }
    const { keySealed } = await accounts.add(directory, accountKeys.seal(directory, AccountKey.generate()));
    return new AccountKey(accountKeys.open(directory, keySealed));
  }

  async #failureOf(problem: AcmeProblem): Promise<IssueFailure> {
    const { accounts, directory, logger } = this.#parts;
    const { domain, order } = this.#domain;
    const { type, status, retryAfterMs, message, cause } = problem;
    logger.warn(
      { domain, type, status, err: cause, message },
      'the certificate authority did not do as asked',
    );
    if (type === 'accountDoesNotExist') await accounts.setUrl(directory, null);
    const isAway = status === 0 || status === 429 || status >= 500;
    const options = { retryAfterMs, cause: problem, keepsOrder: isAway && order !== null };
    if (type === 'rateLimited' || status === 429) {
      return new IssueFailure(
        `The certificate authority gives no more certificates for now: ${message}`,
        options,
      );
    }
    if (isAway)
      return new IssueFailure(`The certificate authority cannot be asked at the moment: ${message}`, options);
    return new IssueFailure(`The certificate authority refuses: ${message}`, options);
  }
}
