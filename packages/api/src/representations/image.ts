import type { StoredImage } from '@brainpod/model/stored-image';
import type { ImageDetailBody, ImageSummaryBody } from '../image-schemas.ts';
import { links } from '../links.ts';

/** Where images are: a pod's own, at the host of the registry. */
export type ImagePlace = { pod: string; registryHost: string };

// What reproducible builds write as the time too.
const UNKNOWN_TIME = '1970-01-01T00:00:00.000Z';

export function imageSummary(place: ImagePlace, image: StoredImage): ImageSummaryBody {
  const { repository, tag, digest, variants } = image;
  const self = links.image(place.pod, { visibility: 'pod', repository, tag });
  const created = variants.map(({ createdAt }) => createdAt).filter((createdAt) => createdAt !== null);
  return {
    repository,
    tag,
    namespace: place.pod,
    visibility: 'pod',
    architectures: [...new Set(variants.map(({ architecture }) => architecture))],
    digest,
    reference: `${nameOf(place, repository)}@${digest}`,
    createdAt: created.sort().at(-1) ?? null,
    _links: { self, pod: links.pod(place.pod), inspect: self },
  };
}

/** `statements`: the kinds of what is said of each variant, by its digest. */
export function imageDetail(
  place: ImagePlace,
  image: StoredImage,
  statements: ReadonlyMap<string, string[]>,
): ImageDetailBody {
  const { repository, tag, variants } = image;
  return {
    repository,
    tag,
    namespace: place.pod,
    visibility: 'pod',
    reference: `${nameOf(place, repository)}:${tag}`,
    variants: variants.map(({ architecture, digest, uid, gid, exposedPorts, createdAt }) => ({
      architecture,
      digest,
      reference: `${nameOf(place, repository)}@${digest}`,
      uid,
      gid,
      exposedPorts,
      createdAt: createdAt ?? UNKNOWN_TIME,
      // A variant is named by what is in it: another one has another digest.
      updatedAt: null,
      attestations: statements.get(digest) ?? [],
    })),
    _links: {
      self: links.image(place.pod, { visibility: 'pod', repository, tag }),
      pod: links.pod(place.pod),
    },
  };
}

/** Whether a text, in whatever case, is in what people know an image by. */
export function isAbout(place: ImagePlace, image: StoredImage, search: string): boolean {
  const { repository, tag, digest, variants } = image;
  const parts = variants.flatMap((variant) => [
    variant.architecture,
    variant.digest,
    ...variant.exposedPorts,
  ]);
  const wanted = search.toLowerCase();
  const known = [`${place.pod}/${repository}:${tag}`, digest, ...parts];
  return known.some((text) => text.toLowerCase().includes(wanted));
}

function nameOf({ pod, registryHost }: ImagePlace, repository: string): string {
  return `${registryHost}/${pod}/${repository}`;
}
