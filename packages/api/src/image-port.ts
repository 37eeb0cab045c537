import type { StoredImage } from '@brainpod/model/stored-image';

/** What the API asks of the image registry. All throw SERVICE_UNAVAILABLE (ApiError) while that does not answer. */
export interface ImagePort {
  /** All images of a pod, by repository and tag. */
  list(pod: string, signal: AbortSignal): Promise<StoredImage[]>;
  /** `reference` is a tag or a digest. */
  find(
    pod: string,
    image: { repository: string; reference: string },
    signal: AbortSignal,
  ): Promise<StoredImage | null>;

  /** The kinds of what is said of an image, as in-toto names them, such as `https://slsa.dev/provenance/v1`. */
  statements(
    namespace: string,
    image: { repository: string; digest: string },
    signal: AbortSignal,
  ): Promise<string[]>;
}
