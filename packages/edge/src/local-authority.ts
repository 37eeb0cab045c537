import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  coversDomain,
  createAuthority,
  isIssuedFor,
  issueWildcard,
  type KeyPair,
  needsRenewal,
} from './certificate.ts';

export type LocalCertificates = { authority: KeyPair; wildcard: KeyPair };

/**
 * The machine's own certificate authority and its wildcard certificate for `domain`, kept in `directory` as
 * ca.crt, ca.key, wildcard.crt, wildcard.key (keys 0600). What is there and good is kept; what is missing,
 * damaged, for another domain or in the last third of its life is made anew. Safe to call again and again.
 */
export async function ensureLocalCertificates(
  directory: string,
  domain: string,
  now: Date,
): Promise<LocalCertificates> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority =
    (await load(
      directory,
      'ca',
      (pair) => coversDomain(pair.certPem, domain) && !needsRenewal(pair.certPem, now),
    )) ?? (await save(directory, 'ca', await createAuthority(domain, now)));
  const wildcard =
    (await load(
      directory,
      'wildcard',
      async (pair) =>
        !needsRenewal(pair.certPem, now) && (await isIssuedFor(pair.certPem, authority, domain)),
    )) ?? (await save(directory, 'wildcard', await issueWildcard(authority, domain, now)));
  return { authority, wildcard };
}

async function load(
  directory: string,
  name: string,
  isGood: (pair: KeyPair) => boolean | Promise<boolean>,
): Promise<KeyPair | null> {
  const certPem = await readIfThere(join(directory, `${name}.crt`));
  const keyPem = await readIfThere(join(directory, `${name}.key`));
  if (certPem === null || keyPem === null) return null;
  const pair = { certPem, keyPem };
  try {
    return (await isGood(pair)) ? pair : null;
  } catch (error) {
    // A damaged file is replaced like a missing one; anything else is a fault of ours.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** The key is written first: a crash between the two leaves a pair that does not load, and is made anew. */
async function save(directory: string, name: string, pair: KeyPair): Promise<KeyPair> {
  await writeDurably(join(directory, `${name}.key`), pair.keyPem, 0o600);
  await writeDurably(join(directory, `${name}.crt`), pair.certPem, 0o644);
  return pair;
}

async function writeDurably(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
