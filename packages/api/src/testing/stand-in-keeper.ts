import { ApiError } from '@brainpod/model/errors';
import type { HeldManifest } from '@brainpod/model/stored-image';
import type { ImageKeeperPort } from '../image-keeper-port.ts';
import { sampleDigest } from './sample-image.ts';

/** A registry's storage that holds what a test says. */
export class StandInKeeper implements ImageKeeperPort {
  readonly #held = new Map<string, HeldManifest[]>();
  isAway = false;
  /** Digests that are pushed again the moment somebody deletes them. */
  readonly pushedAgain = new Set<string>();

  hold(pod: string, images: HeldManifest[]): void {
    this.#held.set(pod, images);
  }

  async bytes(pod: string): Promise<number | null> {
    if (this.isAway) return null;
    const sizes = (this.#held.get(pod) ?? []).flatMap(({ blobs }) => blobs.map(({ bytes }) => bytes));
    return sizes.reduce((sum, bytes) => sum + bytes, 0);
  }

  async holdings(pod: string): Promise<HeldManifest[]> {
    if (this.isAway) throw new ApiError('SERVICE_UNAVAILABLE', 'The image registry does not answer.');
    return this.#held.get(pod) ?? [];
  }

  async delete(pod: string, { digest }: { digest: string }): Promise<boolean> {
    if (this.pushedAgain.has(digest)) return false;
    const held = await this.holdings(pod);
    this.hold(
      pod,
      held.filter((image) => image.digest !== digest),
    );
    return true;
  }

  async untag(pod: string, { repository, tag }: { repository: string; tag: string }): Promise<boolean> {
    const held = await this.holdings(pod);
    const isIt = (image: HeldManifest) => image.repository === repository && image.tags.includes(tag);
    this.hold(
      pod,
      held.map((image) =>
        isIt(image) ? { ...image, tags: image.tags.filter((each) => each !== tag) } : image,
      ),
    );
    return held.some(isIt);
  }
}

/** An image that was pushed in 2020. */
export function sampleHeld(changes: Partial<HeldManifest> = {}): HeldManifest {
  const digest = changes.digest ?? sampleDigest('a');
  return {
    ...{ repository: 'web', digest, tags: [], parts: [], subject: null },
    ...{ pushedAtMs: Date.parse('2020-01-01T10:00:00.000Z'), blobs: [{ digest, bytes: 1000 }] },
    ...changes,
  };
}
