/** One image for one processor, as a registry holds it. */
export type StoredVariant = {
  /** As images name it: `amd64`, `arm64`, `arm/v7`. */
  architecture: string;
  digest: string;
  /** The numbers of the user that it starts as; null where it has a name only, or for the group none. */
  uid: number | null;
  gid: number | null;
  /** Such as `80/tcp`. */
  exposedPorts: string[];
  /** ISO 8601; null where its builder did not say. */
  createdAt: string | null;
};

/** What a tag, or a digest in its place, leads to. `repository` is without its first part, the name of the pod. */
export type StoredImage = { repository: string; tag: string; digest: string; variants: StoredVariant[] };

/** One manifest that a pod's registry holds, tagged or not: an image, an index of images, or what says something about one. */
export type HeldManifest = {
  /** Without the name of the pod. */
  repository: string;
  digest: string;
  tags: string[];
  /** When it was pushed last, in milliseconds since 1970. */
  pushedAtMs: number;
  /** The bytes that it consists of, itself among them. */
  blobs: { digest: string; bytes: number }[];
  /** The manifests that it is an index of. */
  parts: string[];
  /** The manifest that it is about, such as the image that a signature is for. */
  subject: string | null;
};
