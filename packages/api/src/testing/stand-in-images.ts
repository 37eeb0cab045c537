import { ApiError } from '@brainpod/model/errors';
import type { StoredImage } from '@brainpod/model/stored-image';
import type { ImagePort } from '../image-port.ts';

/** A registry that holds what a test says. */
export class StandInImages implements ImagePort {
  readonly #held = new Map<string, StoredImage[]>();
  isAway = false;

  hold(pod: string, images: StoredImage[]): void {
    this.#held.set(pod, images);
  }

  async list(pod: string): Promise<StoredImage[]> {
    if (this.isAway) throw new ApiError('SERVICE_UNAVAILABLE', 'The image registry does not answer.');
    return this.#held.get(pod) ?? [];
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
