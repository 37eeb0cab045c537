import { type CleanupVerdict, freedBytes, isNamed, type NamedImage } from '@brainpod/model/image-cleanup';
import type { HeldManifest } from '@brainpod/model/stored-image';
import { validatorOf } from '@brainpod/model/validate';
import type { ApiDependencies } from './dependencies.ts';
import { cleanedImageBody } from './image-cleanup.ts';
import { DeletedImages } from './image-cleanup-schemas.ts';
import { links } from './links.ts';
import type { BodyReply } from './operation-facts.ts';

const parseDeleted = validatorOf(DeletedImages);

/** What there is to delete, as the answer says it. */
export function imagesDeleted(
  podName: string,
  verdicts: readonly CleanupVerdict[],
  { bytes, untagged = null }: { bytes: number; untagged?: { repository: string; tag: string } | null },
): BodyReply {
  const deleted = verdicts.map(cleanedImageBody);
  return { status: 200, body: { deleted, untagged, bytes, _links: links.cleanup(podName) } };
}

/** Deletes what an answer says; gives what is gone then. Done again it does no more. */
export async function deleteImages(
  { imageKeeper }: ApiDependencies,
  podName: string,
  reply: BodyReply,
): Promise<BodyReply> {
  const planned = parseDeleted(reply.body);
  if (!planned.ok) throw new Error('a deletion was answered with something else than what it deletes');
  const { untagged } = planned.value;
  if (untagged !== null) await imageKeeper.untag(podName, untagged);
  const deleted: typeof planned.value.deleted = [];
  for (const image of planned.value.deleted) {
    const { repository, digest, pushedAt } = image;
    const isGone = await imageKeeper.delete(podName, {
      repository,
      digest,
      pushedAtMs: Date.parse(pushedAt),
    });
    if (isGone) deleted.push(image);
  }
  return { ...reply, body: { ...planned.value, deleted } };
}

/** What goes with an image: what it is made of, if nothing else is, and what is about any of that; nothing that is named. */
export function deletionOf(
  image: HeldManifest,
  held: readonly HeldManifest[],
  named: readonly NamedImage[],
): { go: CleanupVerdict[]; bytes: number } {
  const isLive = (each: HeldManifest) => named.some((name) => isNamed(each, name));
  const beside = held.filter((each) => each.repository === image.repository && !isLive(each));
  const going = new Map([[image, 'named']]);
  for (const one of going.keys()) {
    for (const other of beside.filter((each) => !going.has(each))) {
      const indexes = beside.filter(({ parts }) => parts.includes(other.digest));
      const isOnlyPart =
        indexes.length > 0 && other.tags.length === 0 && indexes.every((each) => going.has(each));
      if (isOnlyPart) going.set(other, `part of ${one.digest}`);
      else if (other.subject === one.digest) going.set(other, `about ${one.digest}`);
    }
  }
  const go = [...going].map(([each, reason]) => ({ image: each, reason }));
  return { go, bytes: freedBytes(held, new Set(going.keys())) };
}

/** Why an image cannot be deleted, in words; null where it can. */
export function reasonAgainstDeletion(
  image: HeldManifest,
  held: readonly HeldManifest[],
  named: readonly NamedImage[],
): string | null {
  const naming = named.find((each) => isNamed(image, each));
  if (naming !== undefined) {
    return `${image.repository}@${image.digest} is what ${naming.by} runs or is about to. Deploy another image first.`;
  }
  const index = indexOf(held, image);
  if (index === undefined) return null;
  const { repository, digest, tags } = index;
  return `It is part of ${repository}${tags[0] === undefined ? `@${digest}` : `:${tags[0]}`}, which would be broken without it. Delete that.`;
}

/** Whether an index is made of it. */
export function isPart(held: readonly HeldManifest[], image: HeldManifest): boolean {
  return indexOf(held, image) !== undefined;
}

function indexOf(held: readonly HeldManifest[], image: HeldManifest): HeldManifest | undefined {
  return held.find(
    ({ repository, parts }) => repository === image.repository && parts.includes(image.digest),
  );
}
