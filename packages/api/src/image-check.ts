import type { Fault, ResourceDocument, ResourceInput } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { type ImageReference, parseImageReference } from '@brainpod/model/image-reference';
import type { AppDocument } from '@brainpod/model/kinds/app';
import type { StoredImage } from '@brainpod/model/stored-image';
import type { PodRecord } from '@brainpod/store/pods';
import type { ImageDigests } from '@brainpod/store/tables';
import type { ApiDependencies } from './dependencies.ts';

/** What has to be known of images to say whether they can run in a pod. */
export type ImageFacts = {
  podName: string;
  /** The processors that its cluster has. */
  architectures: readonly string[];
  /** The pod's own images, as documents name them; null for one that is not there. */
  images: ReadonlyMap<string, StoredImage | null>;
};

/** Where no document comes in whose images could be at fault. */
export const NO_IMAGE_FACTS: ImageFacts = { podName: '', architectures: [], images: new Map() };

type Use = { path: string; image: string; app: AppDocument; isInit: boolean };

const ROOT = 0;
const DEFAULT_TAG = 'latest';

/**
 * Asks our registry about the images that documents name. Those of other registries are for the cluster to judge, and
 * another pod's are refused by their name. SERVICE_UNAVAILABLE (ApiError) while the registry does not answer.
 */
export async function readImageFacts(
  deps: ApiDependencies,
  pod: PodRecord,
  asked: {
    documents: readonly (ResourceDocument | ResourceInput)[];
    /** What of them is known to have been. */
    digests?: ImageDigests;
    signal: AbortSignal;
  },
): Promise<ImageFacts> {
  const { digests = {}, signal } = asked;
  const own = ownImagesOf(asked.documents, { podName: pod.name, registryHost: deps.registryHost });
  const cluster = own.length === 0 ? null : await deps.store.clusters.find(pod.clusterId);
  const found = await Promise.all(
    own.map(async ({ image, repository, reference }) => {
      const wanted = { repository, reference: digests[image] ?? reference };
      const stored = await deps.images.find(pod.name, wanted, signal);
      return [image, stored] as const;
    }),
  );
  return { podName: pod.name, architectures: cluster?.architectures ?? [], images: new Map(found) };
}

/** The same of what an earlier revision holds; nothing of one that is not there. */
export async function imagesOfRevision(
  deps: ApiDependencies,
  pod: PodRecord,
  asked: { revisionId: string; signal: AbortSignal },
): Promise<ImageFacts> {
  const { revisionId, signal } = asked;
  const revision = await deps.store.revisions.find(pod.id, revisionId);
  if (revision === null) return NO_IMAGE_FACTS;
  const entries = await deps.store.revisions.entries(revision.id);
  const documents = entries.map(({ document }) => document);
  return readImageFacts(deps, pod, { documents, digests: revision.imageDigests, signal });
}

/** What tags lead to now. */
export function digestsOf({ images }: ImageFacts): ImageDigests {
  return Object.fromEntries(
    [...images].flatMap(([image, stored]) => (stored === null ? [] : [[image, stored.digest]])),
  );
}

/** The same of what a pod's head holds. */
export async function imagesOfHead(
  deps: ApiDependencies,
  pod: PodRecord,
  signal: AbortSignal,
): Promise<ImageFacts> {
  const { head } = await deps.store.deployments.planBasis(pod.id);
  return readImageFacts(deps, pod, { documents: head.entries.map(({ document }) => document), signal });
}

/** What keeps Apps from running because of their images. Paths begin with `App/<name>`. */
export function imageFaults(documents: readonly ResourceDocument[], facts: ImageFacts): Fault[] {
  return documents.flatMap(usesOf).flatMap((use) => {
    const stored = facts.images.get(use.image);
    if (stored === undefined) return [];
    const path = `${placeOf(use.app)}.${use.path}`;
    return reasonsAgainst(use, stored, facts).map((message) => ({ path, message }));
  });
}

function reasonsAgainst(
  { image, isInit, app }: Use,
  stored: StoredImage | null,
  { podName, architectures }: ImageFacts,
): string[] {
  if (stored === null) {
    return [
      `There is no image ${image}. Make it with \`brainpod image build\`, or push it under this name; GET /v1/pods/${podName}/images lists what there is.`,
    ];
  }
  const made = stored.variants.map(({ architecture }) => architecture);
  const missing = architectures.filter((architecture) => !made.includes(architecture));
  const forOthers =
    missing.length === 0
      ? []
      : [
          `Is made for ${made.join(', ') || 'no processor'}, and the pod's cluster runs ${missing.join(', ')} as well or only. Build it for ${missing.map((each) => `linux/${each}`).join(' and ')}.`,
        ];
  // What prepares an App may be root, and a number that the App gives counts instead of the image's.
  if (isInit || app.spec.runtime?.uid !== undefined) return forOthers;
  const users = stored.variants
    .filter(({ architecture }) => architectures.includes(architecture))
    .map(({ uid }) => uid);
  const fix = 'Put USER with a number from 1 on at the end of its Dockerfile, or set runtime.uid';
  return [
    ...forOthers,
    ...(users.includes(ROOT) ? [`Starts as root, which no App may. ${fix}.`] : []),
    ...(users.includes(null)
      ? [`Starts as a user that has a name only, so that nobody can tell whether it is root. ${fix}.`]
      : []),
  ];
}

/** The pod's own images that documents name, each once. `reference` is a tag or a digest. */
export function ownImagesOf(
  documents: readonly (ResourceDocument | ResourceInput)[],
  context: { podName: string; registryHost: string },
): { image: string; repository: string; reference: string }[] {
  const named = [...new Set(documents.flatMap(usesOf).map(({ image }) => image))];
  return named.flatMap((image) => {
    const reference = ownReference(image, context);
    return reference === null ? [] : [{ image, ...reference }];
  });
}

function usesOf(document: ResourceDocument | ResourceInput): Use[] {
  if (document.kind !== 'App') return [];
  const { image, lifecycle } = document.spec;
  const init = lifecycle?.init;
  const isOwn = typeof init === 'object' && 'image' in init;
  return [
    { path: 'spec.image', image, app: document, isInit: false },
    ...(isOwn ? [{ path: 'spec.lifecycle.init.image', image: init.image, app: document, isInit: true }] : []),
  ];
}

/** Where an image of the pod lies in our registry; null for any other. */
function ownReference(
  image: string,
  { podName, registryHost }: { podName: string; registryHost: string },
): { repository: string; reference: string } | null {
  const parsed = parseImageReference(image);
  const prefix = `${podName}/`;
  if (!parsed.ok || !isOurs(parsed.value, registryHost) || !parsed.value.repository.startsWith(prefix))
    return null;
  const { repository, tag = DEFAULT_TAG, digest = tag } = parsed.value;
  return { repository: repository.slice(prefix.length), reference: digest };
}

function isOurs({ registry }: ImageReference, registryHost: string): boolean {
  return registry?.toLowerCase() === registryHost.toLowerCase();
}

/**
 * Images in our registry that belong to another pod: an App may only use those of its own. Paths begin with
 * `App/<name>`.
 */
export function foreignImageFaults(
  documents: readonly ResourceDocument[],
  context: { podName: string; registryHost: string },
): Fault[] {
  return documents.flatMap(usesOf).flatMap(({ path, image, app }) => {
    const parsed = parseImageReference(image);
    if (!parsed.ok || !isOurs(parsed.value, context.registryHost)) return [];
    if (parsed.value.repository.startsWith(`${context.podName}/`)) return [];
    const own = `${context.registryHost}/${context.podName}/`;
    const message = `Must be an image of this pod: its images in this registry begin with ${own}. Push the image there and use that name.`;
    return [{ path: `${placeOf(app)}.${path}`, message }];
  });
}
