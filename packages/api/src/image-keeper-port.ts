import type { HeldManifest } from '@brainpod/model/stored-image';

/** What a pod holds in the image registry, and how some of it is deleted. All throw SERVICE_UNAVAILABLE (ApiError) while it does not answer. */
export interface ImageKeeperPort {
  /** What all images of a pod take, each blob once; null where that is not known. */
  bytes(pod: string): Promise<number | null>;
  /** All manifests of a pod, tagged or not. */
  holdings(pod: string): Promise<HeldManifest[]>;
  /** With its tags. False where it was pushed again since then, and stays. */
  delete(pod: string, image: Pick<HeldManifest, 'repository' | 'digest' | 'pushedAtMs'>): Promise<boolean>;
  /** Takes a tag away and leaves what it led to. False where there is no such tag. */
  untag(pod: string, tag: { repository: string; tag: string }): Promise<boolean>;
}
