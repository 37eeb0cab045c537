import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority, issueWildcard } from './certificate.ts';
import { ensureLocalCertificates } from './local-authority.ts';

const DOMAIN = 'brainpod.localhost';
const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = new Date();

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edge-'));
});
afterEach(() => rm(directory, { recursive: true }));

describe('local certificates', () => {
  it('serve TLS that a client checks against the authority', async () => {
    const { authority, wildcard } = await ensureLocalCertificates(directory, DOMAIN, NOW);
    const authorized = await handshake(authority.certPem, wildcard, `hello.${DOMAIN}`);
    expect(authorized).toBeNull();
  });

  it('can vouch for nothing outside the domain', async () => {
    const { authority } = await ensureLocalCertificates(directory, DOMAIN, NOW);
    const foreign = await issueWildcard(authority, 'example.com', NOW);
    expect(await handshake(authority.certPem, foreign, 'shop.example.com')).toMatch(
      /permitted subtree violation/i,
    );
  });

  it('keeps keys from other users of the machine', async () => {
    await ensureLocalCertificates(directory, DOMAIN, NOW);
    for (const name of ['ca.key', 'wildcard.key']) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
  });

  it('stay the same while they are good', async () => {
    const first = await ensureLocalCertificates(directory, DOMAIN, NOW);
    expect(await ensureLocalCertificates(directory, DOMAIN, NOW)).toEqual(first);
  });

  it('renew the wildcard in the last third of its life and keep the authority', async () => {
    const first = await ensureLocalCertificates(directory, DOMAIN, NOW);
    expect(await ensureLocalCertificates(directory, DOMAIN, new Date(NOW.getTime() + 59 * DAY_MS))).toEqual(
      first,
    );
    const later = await ensureLocalCertificates(directory, DOMAIN, new Date(NOW.getTime() + 61 * DAY_MS));
    expect(later.authority).toEqual(first.authority);
    expect(later.wildcard.certPem).not.toBe(first.wildcard.certPem);
  });

  it('are made anew for another domain', async () => {
    await ensureLocalCertificates(directory, DOMAIN, NOW);
    const { wildcard } = await ensureLocalCertificates(directory, 'other.test', NOW);
    expect(new X509Certificate(wildcard.certPem).subjectAltName).toBe('DNS:other.test, DNS:*.other.test');
  });

  it('replace a damaged file, and a certificate of another authority', async () => {
    const first = await ensureLocalCertificates(directory, DOMAIN, NOW);
    await writeFile(join(directory, 'wildcard.crt'), 'damaged');
    const second = await ensureLocalCertificates(directory, DOMAIN, NOW);
    expect(second.authority).toEqual(first.authority);
    const stranger = await issueWildcard(await createAuthority(DOMAIN, NOW), DOMAIN, NOW);
    await writeFile(join(directory, 'wildcard.crt'), stranger.certPem);
    await writeFile(join(directory, 'wildcard.key'), stranger.keyPem);
    const third = await ensureLocalCertificates(directory, DOMAIN, NOW);
    expect(third.wildcard.certPem).not.toBe(stranger.certPem);
  });

  it('write a key that belongs to its certificate', async () => {
    const { wildcard } = await ensureLocalCertificates(directory, DOMAIN, NOW);
    const onDisk = await readFile(join(directory, 'wildcard.key'), 'utf8');
    expect(new X509Certificate(wildcard.certPem).checkPrivateKey(createPrivateKey(onDisk))).toBe(true);
  });
});

/** Resolves to the reason why a client refuses the server's certificate, or null. */
async function handshake(
  ca: string,
  pair: { certPem: string; keyPem: string },
  servername: string,
): Promise<string | null> {
  const server = createServer({ cert: pair.certPem, key: pair.keyPem }, (_request, response) =>
    response.end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const reason = await new Promise<string | null>((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', ca, servername }, () => {
      resolve(null);
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message));
  });
  await new Promise((resolve) => server.close(resolve));
  return reason;
}
