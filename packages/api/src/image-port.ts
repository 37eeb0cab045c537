/** One image for one processor. */
export type StoredVariant = {
  /** As images name it, such as `amd64`. */
  architecture: string;
  digest: string;
  /** The numbers of the user that it starts as; null where it names its user, or has no group. */
  uid: number | null;
  gid: number | null;
  /** Such as `80/tcp`. */
  exposedPorts: string[];
  /** ISO 8601; null where its builder did not say. */
  createdAt: string | null;
};

/** What a tag leads to. `repository` is without the pod's name. */
export type StoredImage = { repository: string; tag: string; digest: string; variants: StoredVariant[] };

/** What the API asks of the image registry. Both calls throw SERVICE_UNAVAILABLE (ApiError) while that does not answer. */
export interface ImagePort {
  /** All images of a pod, by repository and tag. */
  list(pod: string, signal: AbortSignal): Promise<StoredImage[]>;
  find(
    pod: string,
    image: { repository: string; tag: string },
    signal: AbortSignal,
  ): Promise<StoredImage | null>;
}
