import type { StoredImage, StoredVariant } from '@brainpod/model/stored-image';

/** A digest of one repeated character. */
export function sampleDigest(character: string): string {
  return `sha256:${character.repeat(64)}`;
}

export function sampleVariant(changes: Partial<StoredVariant> = {}): StoredVariant {
  return {
    architecture: 'amd64',
    digest: sampleDigest('a'),
    uid: 1000,
    gid: null,
    exposedPorts: ['8080/tcp'],
    createdAt: '2026-03-01T10:00:00.000Z',
    ...changes,
  };
}

export function sampleImage(changes: Partial<StoredImage> = {}): StoredImage {
  const variants = [sampleVariant()];
  return { repository: 'web', tag: 'v1', digest: sampleDigest('a'), variants, ...changes };
}
