import { readdir, readFile } from 'node:fs/promises';
import { ApiError } from '@brainpod/model/errors';
import type { HeldManifest } from '@brainpod/model/stored-image';
import { eachOf } from './each-of.ts';
import { noneIfAbsent, nullIfAbsent } from './file-faults.ts';
import { listIn, memberOf, parseJson } from './json-parts.ts';
import { referencesOf } from './manifest-references.ts';
import { PodUsage, sumOf } from './pod-usage.ts';
import { subjectOf } from './referrers.ts';
import { isDigest, isOwnTag } from './registry-call.ts';
import { StorageLayout } from './storage-layout.ts';
import { manifestDigests, repositoriesIn, seen } from './sweep/survey.ts';

/**
 * Knows all that pods hold in the registry, tagged or not, and deletes of it. The registry behind cannot be asked for what has no tag,
 * nor for when something was pushed, so its storage is read. All throw SERVICE_UNAVAILABLE (ApiError) while the registry or its
 * storage is not to be had.
 */
export class ImageKeeper {
  readonly #upstream: string;
  readonly #layout: StorageLayout;
  readonly #usage: PodUsage;

  constructor(upstream: string, storage: string) {
    this.#upstream = upstream;
    this.#layout = new StorageLayout(storage);
    this.#usage = new PodUsage(this.#layout);
  }

  /** What all images of a pod take, each blob once; null where the storage is not on this machine. */
  async bytes(pod: string): Promise<number | null> {
    if ((await seen(this.#layout.root)) === null) return null;
    return sumOf((await this.#usage.named(pod)).values());
  }

  /** By repository and digest. */
  async holdings(pod: string): Promise<HeldManifest[]> {
    if ((await seen(this.#layout.root)) === null) {
      throw new ApiError(
        'SERVICE_UNAVAILABLE',
        'The storage of the image registry cannot be read from here.',
      );
    }
    const repositories = (await repositoriesIn(this.#layout, pod)).filter((name) => name !== pod).sort();
    const held = await eachOf(repositories, (repository) => this.#heldIn(repository));
    return held.flat();
  }

  /** Its tags go along. False where it was pushed again since then, and stays. */
  async delete(
    pod: string,
    image: Pick<HeldManifest, 'repository' | 'digest' | 'pushedAtMs'>,
  ): Promise<boolean> {
    const repository = `${pod}/${image.repository}`;
    const now = await this.#held(repository, image.digest, await this.#tagsByDigest(repository));
    if (now === null) return true;
    if (now.pushedAtMs !== image.pushedAtMs) return false;
    await this.#call(`${repository}/manifests/${image.digest}`);
    return true;
  }

  /** False where there is no such tag. What it led to stays. */
  async untag(pod: string, { repository, tag }: { repository: string; tag: string }): Promise<boolean> {
    return await this.#call(`${pod}/${repository}/manifests/${tag}`);
  }

  async #heldIn(repository: string): Promise<HeldManifest[]> {
    const tags = await this.#tagsByDigest(repository);
    const digests = (await manifestDigests(this.#layout, repository)).sort();
    const held = await eachOf(digests, (digest) => this.#held(repository, digest, tags));
    return held.filter((image) => image !== null);
  }

  async #held(
    repository: string,
    digest: string,
    tags: ReadonlyMap<string, Tag[]>,
  ): Promise<HeldManifest | null> {
    const link = await seen(this.#layout.manifestLink(repository, digest));
    const content = await readFile(this.#layout.blob(digest)).catch(nullIfAbsent);
    if (link === null || content === null) return null;
    const own = tags.get(digest) ?? [];
    const parts = listIn(parseJson(content), 'manifests').map((part) => memberOf(part, 'digest'));
    return {
      repository: repository.slice(repository.indexOf('/') + 1),
      digest,
      tags: own.map(({ name }) => name).sort(),
      pushedAtMs: Math.max(link.touchedAtMs, ...own.map(({ pushedAtMs }) => pushedAtMs)),
      blobs: await this.#sizes([digest, ...(referencesOf(content) ?? [])]),
      parts: parts.filter((part) => typeof part === 'string'),
      subject: subjectOf(content),
    };
  }

  async #sizes(digests: string[]): Promise<{ digest: string; bytes: number }[]> {
    const sizes = await eachOf([...new Set(digests)].filter(isDigest), async (digest) => {
      const file = await seen(this.#layout.blob(digest));
      return file === null ? null : { digest, bytes: file.bytes };
    });
    return sizes.filter((size) => size !== null);
  }

  async #tagsByDigest(repository: string): Promise<Map<string, Tag[]>> {
    const folder = this.#layout.tags(repository);
    const names = (await readdir(folder).catch(noneIfAbsent)).filter((name) => !isOwnTag(name));
    const found = new Map<string, Tag[]>();
    await eachOf(names, async (name) => {
      const file = this.#layout.tagLink(repository, name);
      const digest = await readFile(file, 'utf8').catch(nullIfAbsent);
      const link = await seen(file);
      if (digest === null || link === null) return;
      found.set(digest, [...(found.get(digest) ?? []), { name, pushedAtMs: link.touchedAtMs }]);
    });
    return found;
  }

  async #call(manifest: string): Promise<boolean> {
    let cause: unknown;
    try {
      const url = `${this.#upstream}/v2/${manifest}`;
      const answer = await fetch(url, { method: 'DELETE', signal: AbortSignal.timeout(TIMEOUT_MS) });
      await answer.body?.cancel();
      if (answer.ok || answer.status === 404) return answer.ok;
      cause = new Error(`the registry answers ${answer.status} to DELETE ${manifest}`);
    } catch (error) {
      cause = error;
    }
    const message = 'The image registry does not answer at the moment. Try again shortly.';
    throw new ApiError('SERVICE_UNAVAILABLE', message, { cause });
  }
}

const TIMEOUT_MS = 30_000;

type Tag = { name: string; pushedAtMs: number };
