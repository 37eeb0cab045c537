import path from 'node:path';

/**
 * Where the registry behind keeps what: distribution's layout of its file system storage, version 2. Content lies once, under its
 * digest; a repository holds links to what it may show. Only SHA-256 is used.
 */
export class StorageLayout {
  readonly root: string;
  readonly blobs: string;
  readonly repositories: string;
  /** What is being pushed at this moment; the registry behind does not know of it. */
  readonly pushes: string;

  constructor(root: string) {
    this.root = root;
    this.blobs = path.join(root, 'docker/registry/v2/blobs/sha256');
    this.repositories = path.join(root, 'docker/registry/v2/repositories');
    this.pushes = path.join(root, 'brainpod-pushes');
  }

  /** The bytes of a blob or manifest. */
  blob(digest: string): string {
    const hex = hexOf(digest);
    return path.join(this.blobs, hex.slice(0, 2), hex, 'data');
  }

  /** What makes a blob visible in a repository. */
  layerLink(repository: string, digest: string): string {
    return path.join(this.layerLinks(repository), hexOf(digest), 'link');
  }

  layerLinks(repository: string): string {
    return path.join(this.repositories, repository, '_layers/sha256');
  }

  /** Holds a folder for each manifest of a repository, named by the digest's digits. */
  manifests(repository: string): string {
    return path.join(this.repositories, repository, '_manifests/revisions/sha256');
  }

  manifestLink(repository: string, digest: string): string {
    return path.join(this.manifests(repository), hexOf(digest), 'link');
  }

  /** Holds a folder for each tag, those of the registry itself too. */
  tags(repository: string): string {
    return path.join(this.repositories, repository, '_manifests/tags');
  }

  /** Says which manifest a tag leads to. */
  tagLink(repository: string, tag: string): string {
    return path.join(this.tags(repository), tag, 'current/link');
  }

  uploads(repository: string): string {
    return path.join(this.repositories, repository, '_uploads');
  }
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Null where these are not the digits of a digest. */
export function digestOfHex(hex: string): string | null {
  return /^[0-9a-f]{64}$/.test(hex) ? `sha256:${hex}` : null;
}
