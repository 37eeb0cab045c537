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
