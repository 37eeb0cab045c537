import { ApiError } from '@brainpod/model/errors';
import type { StoredImage } from '@brainpod/model/stored-image';
import type { ImagePort } from '../image-port.ts';

/** A registry that holds what a test says. */
export class StandInImages implements ImagePort {
  readonly #held = new Map<string, StoredImage[]>();
  /** The kinds of what is said of images, by their digests. */
  readonly said = new Map<string, string[]>();
  isAway = false;

  hold(pod: string, images: StoredImage[]): void {
    this.#held.set(pod, images);
  }

  async list(pod: string): Promise<StoredImage[]> {
    if (this.isAway) throw new ApiError('SERVICE_UNAVAILABLE', 'The image registry does not answer.');
    return this.#held.get(pod) ?? [];
  }

  async statements(_pod: string, { digest }: { digest: string }): Promise<string[]> {
    return this.said.get(digest) ?? [];
  }

  async find(
    pod: string,
    { repository, reference }: { repository: string; reference: string },
  ): Promise<StoredImage | null> {
    const images = await this.list(pod);
    return (
      images.find(
        (image) => image.repository === repository && [image.tag, image.digest].includes(reference),
      ) ?? null
    );
  }
}
