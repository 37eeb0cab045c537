import { issueFor, type KeyPair } from '@brainpod/edge/certificate';
import { ensureLocalCertificates } from '@brainpod/edge/local-authority';
import type { Logger } from 'pino';

const RENEWAL_CHECK_MS = 60 * 60 * 1000;

/** The local authority and its wildcard certificate, kept good for as long as the server runs. */
export type Certificates = {
  authorityPem(): string;
  wildcard(): KeyPair;
  /** A certificate of the authority for one name, whatever it is. */
  issueFor(name: string): Promise<KeyPair>;
  stop(): void;
};

/** Loads or makes the certificates, and looks every hour whether one is to be renewed. */
export async function openCertificates(
  directory: string,
  domain: string,
  logger: Logger,
): Promise<Certificates> {
  let current = await ensureLocalCertificates(directory, domain, new Date());
  const renew = async () => {
    try {
      current = await ensureLocalCertificates(directory, domain, new Date());
    } catch (error) {
      logger.error({ error }, 'the certificate could not be renewed; the next try is in an hour');
    }
  };
  const timer = setInterval(() => void renew(), RENEWAL_CHECK_MS);
  timer.unref();
  return {
    authorityPem: () => current.authority.certPem,
    wildcard: () => current.wildcard,
    issueFor: (name) => issueFor(current.authority, name, new Date()),
    stop: () => clearInterval(timer),
  };
}
