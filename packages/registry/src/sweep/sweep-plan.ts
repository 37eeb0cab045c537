/** A file as it was when it was looked at: where any of this differs, somebody has touched it since. */
export type SeenFile = { path: string; touchedAtMs: number; mark: string };

/** What a registry holds. The order in which this is read matters, see `survey`. */
export type RegistryFacts = {
  blobs: (SeenFile & { digest: string; bytes: number })[];
  /** What repositories may show of the blobs. Manifests are not among them. */
  links: (SeenFile & { repository: string; digest: string })[];
  /** `references` is null for a manifest that cannot be read. */
  manifests: { repository: string; digest: string; references: string[] | null }[];
  /** Uploads that have begun and not ended. `path` is a folder. */
  uploads: (SeenFile & { repository: string })[];
  /** Files that the registry would have renamed or removed, had it not been killed. */
  leftovers: SeenFile[];
  /** Folders of digests with nothing in them. */
  emptyFolders: SeenFile[];
  /** Folders of repositories with nothing in them but folders. */
  emptyRepositories: SeenFile[];
  /** What a sweep that was killed has not put back: paths as the registry knows them. */
  setAside: string[];
  /** What is being pushed at this moment. */
  inUse: ReadonlySet<string>;
};

export type SweepAges = {
  /** How long something is kept that nothing refers to. */
  unreferencedMs: number;
  /** How long an upload is kept that nobody goes on with. */
  uploadMs: number;
};

export type Freed = {
  what: 'link' | 'blob' | 'upload' | 'leftover' | 'folder' | 'repository';
  file: SeenFile;
  bytes: number;
  /** For a person: what it is, and why it goes. */
  reason: string;
};

export type SweepPlan = {
  /** Links before blobs: what is cut off in between leaves nothing that leads nowhere. */
  free: Freed[];
  /** What is referred to now: from here on its time counts, should that end. */
  referenced: SeenFile[];
};

/**
 * What is to be freed of a registry: what nothing refers to and nobody has touched for a time. A blob stays while any manifest
 * names it or any repository still has it; a repository has it while one of its manifests names it, or one that cannot be read.
 */
export function planSweep(facts: RegistryFacts, ages: SweepAges, nowMs: number): SweepPlan {
  const named = namedBy(facts);
  const isOld = (file: SeenFile, ageMs: number) => nowMs - file.touchedAtMs >= ageMs;
  const plan: SweepPlan = { free: [], referenced: [] };
  const linked = new Set<string>();
  for (const link of facts.links) {
    const isNamed = named.in(link.repository, link.digest);
    if (isNamed) plan.referenced.push(link);
    if (isNamed || facts.inUse.has(link.digest) || !isOld(link, ages.unreferencedMs)) linked.add(link.digest);
    else {
      const reason = `no manifest of ${link.repository} names ${link.digest}, ${since(link)}`;
      plan.free.push({ what: 'link', file: link, bytes: 0, reason });
    }
  }
  for (const blob of facts.blobs) {
    const isNamed = named.anywhere(blob.digest);
    if (isNamed) plan.referenced.push(blob);
    if (isNamed || linked.has(blob.digest) || facts.inUse.has(blob.digest)) continue;
    if (!isOld(blob, ages.unreferencedMs)) continue;
    const reason = `nothing refers to ${blob.digest}, ${since(blob)}`;
    plan.free.push({ what: 'blob', file: blob, bytes: blob.bytes, reason });
  }
  for (const upload of facts.uploads.filter((each) => isOld(each, ages.uploadMs))) {
    const reason = `an upload to ${upload.repository} was not gone on with, ${since(upload)}`;
    plan.free.push({ what: 'upload', file: upload, bytes: 0, reason });
  }
  for (const file of facts.leftovers.filter((each) => isOld(each, ages.uploadMs))) {
    plan.free.push({ what: 'leftover', file, bytes: 0, reason: `a write was broken off, ${since(file)}` });
  }
  for (const what of ['folder', 'repository'] as const) {
    const empty = what === 'folder' ? facts.emptyFolders : facts.emptyRepositories;
    for (const file of empty.filter((each) => isOld(each, ages.unreferencedMs))) {
      plan.free.push({ what, file, bytes: 0, reason: `nothing is in it, ${since(file)}` });
    }
  }
  return plan;
}

function namedBy(facts: RegistryFacts): {
  in(repository: string, digest: string): boolean;
  anywhere(digest: string): boolean;
} {
  const everywhere = new Set<string>();
  const byRepository = new Map<string, Set<string>>();
  const unreadable = new Set<string>();
  for (const { repository, digest, references } of facts.manifests) {
    const own = byRepository.get(repository) ?? new Set();
    byRepository.set(repository, own);
    if (references === null) unreadable.add(repository);
    for (const each of [digest, ...(references ?? [])]) {
      everywhere.add(each);
      own.add(each);
    }
  }
  return {
    in: (repository, digest) =>
      unreadable.has(repository) || byRepository.get(repository)?.has(digest) === true,
    anywhere: (digest) => everywhere.has(digest),
  };
}

function since(file: SeenFile): string {
  return `since ${new Date(file.touchedAtMs).toISOString()}`;
}
