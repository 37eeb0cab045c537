import type { HeldManifest } from './stored-image.ts';

/** Which of its images a pod keeps. */
export type CleanupPolicy = {
  /** All that the last so many deployed revisions name. */
  keepRevisions: number;
  /** All whose tag is like one of these: `*` stands for any characters. */
  keepTags: string[];
  /** All that were pushed within so many days. */
  keepDays: number;
  /** It runs by itself, once a day. */
  daily: boolean;
};

export const DEFAULT_CLEANUP: CleanupPolicy = {
  keepRevisions: 10,
  keepTags: [],
  keepDays: 30,
  daily: false,
};

/** An image that documents name. `reference` is a tag or a digest, `by` who names it: `revision 7`. */
export type NamedImage = { repository: string; reference: string; by: string };

export type CleanupVerdict = { image: HeldManifest; reason: string };

export type CleanupPlan = {
  go: CleanupVerdict[];
  keep: CleanupVerdict[];
  /** What nothing of the pod needs any longer when they are gone. */
  bytes: number;
};

const DAY_MS = 24 * 60 * 60_000;

/**
 * Which images of a pod go, and which stay, each with the reason. What an index that stays is made of stays, and so does what is
 * about something that stays, such as a signature.
 */
export function planCleanup(
  held: readonly HeldManifest[],
  { policy, named, nowMs }: { policy: CleanupPolicy; named: readonly NamedImage[]; nowMs: number },
): CleanupPlan {
  const reasons = new Map<HeldManifest, string>();
  for (const image of held) {
    const reason = reasonToKeep(image, { policy, named, nowMs });
    if (reason !== null) reasons.set(image, reason);
  }
  keepWhatBelongs(held, reasons);
  const keep = held.flatMap((image) => {
    const reason = reasons.get(image);
    return reason === undefined ? [] : [{ image, reason }];
  });
  const go = held
    .filter((image) => !reasons.has(image))
    .map((image) => ({ image, reason: reasonToGo(image, policy) }));
  return { go, keep, bytes: freedBytes(held, new Set(go.map(({ image }) => image))) };
}

/** What takes up place for these images alone, of all that are held. */
export function freedBytes(held: readonly HeldManifest[], going: ReadonlySet<HeldManifest>): number {
  const needed = new Set(
    held.filter((image) => !going.has(image)).flatMap(({ blobs }) => blobs.map(({ digest }) => digest)),
  );
  const freed = new Map<string, number>();
  for (const { blobs } of going) {
    for (const { digest, bytes } of blobs) if (!needed.has(digest)) freed.set(digest, bytes);
  }
  return [...freed.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** Whether documents that name images name this one. */
export function isNamed(image: HeldManifest, { repository, reference }: NamedImage): boolean {
  return image.repository === repository && (image.digest === reference || image.tags.includes(reference));
}

function reasonToKeep(
  image: HeldManifest,
  { policy, named, nowMs }: { policy: CleanupPolicy; named: readonly NamedImage[]; nowMs: number },
): string | null {
  const naming = named.find((each) => isNamed(image, each));
  if (naming !== undefined) return `${naming.by} names it`;
  for (const tag of image.tags) {
    const pattern = policy.keepTags.find((each) => isLike(tag, each));
    if (pattern !== undefined)
      return pattern === tag ? `tag ${tag} is kept` : `tag ${tag} is like ${pattern}`;
  }
  const isYoung = nowMs - image.pushedAtMs < policy.keepDays * DAY_MS;
  return isYoung ? `pushed within the last ${policy.keepDays} days` : null;
}

function reasonToGo({ tags }: HeldManifest, policy: CleanupPolicy): string {
  const pushed = `pushed more than ${policy.keepDays} days ago`;
  const tagged = tags.length === 0 ? 'without a tag' : 'without a tag that is kept';
  return `${pushed}, ${tagged}, and not named by the last ${policy.keepRevisions} deployed revisions`;
}

/** Until nothing more belongs to what is kept: a signature may be about a part of an index that is itself kept for another's sake. */
function keepWhatBelongs(held: readonly HeldManifest[], reasons: Map<HeldManifest, string>): void {
  const key = (repository: string, digest: string) => `${repository}@${digest}`;
  const byKey = new Map(held.map((image) => [key(image.repository, image.digest), image]));
  const about = new Map<string, HeldManifest[]>();
  for (const image of held) {
    if (image.subject === null) continue;
    const subject = key(image.repository, image.subject);
    about.set(subject, [...(about.get(subject) ?? []), image]);
  }
  const queue = [...reasons.keys()];
  for (let image = queue.pop(); image !== undefined; image = queue.pop()) {
    const own = image;
    const parts = own.parts.flatMap((digest) => byKey.get(key(own.repository, digest)) ?? []);
    const others = about.get(key(own.repository, own.digest)) ?? [];
    for (const each of [...parts, ...others].filter((other) => !reasons.has(other))) {
      reasons.set(each, `${parts.includes(each) ? 'part of' : 'about'} ${own.digest}, which stays`);
      queue.push(each);
    }
  }
}

/** `*` stands for any characters, all others for themselves. Each piece as early as it fits, so that no pattern takes long. */
function isLike(tag: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return tag === first;
  let at = first.length;
  if (!tag.startsWith(first) || !tag.endsWith(last)) return false;
  for (const piece of rest) {
    const found = tag.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at <= tag.length - last.length;
}
