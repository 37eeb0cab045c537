import type { Dirent } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { eachOf } from '../each-of.ts';
import { noneIfAbsent, nullIfAbsent } from '../file-faults.ts';
import { referencesOf } from '../manifest-references.ts';
import { digestsInUse } from '../push-guard.ts';
import { digestOfHex, type StorageLayout } from '../storage-layout.ts';
import { SET_ASIDE } from './set-aside.ts';
import type { RegistryFacts, SeenFile } from './sweep-plan.ts';

/**
 * Reads what a registry holds, while it serves. First when each thing was touched, then what is being pushed, then what manifests
 * name: `PushGuard` says why. `known` keeps what manifests name from one time to the next, for a digest's content never changes.
 */
export async function survey(
  layout: StorageLayout,
  known: Map<string, string[]>,
  nowMs: number,
  signal: AbortSignal,
): Promise<RegistryFacts> {
  const facts: RegistryFacts = {
    ...{ blobs: [], links: [], manifests: [], uploads: [], leftovers: [] },
    ...{ emptyFolders: [], emptyRepositories: [], setAside: [] },
    inUse: new Set(),
  };
  await readBlobs(layout, facts, signal);
  for (const repository of await repositoriesIn(layout)) {
    signal.throwIfAborted();
    await readLinks(layout, repository, facts);
    await readUploads(layout, repository, facts);
    await readEmptyFolders(layout, repository, facts);
  }
  facts.inUse = await digestsInUse(layout, nowMs);
  // Anew, since a push that has ended by now may have made one.
  for (const repository of await repositoriesIn(layout)) {
    signal.throwIfAborted();
    await readManifests(layout, repository, facts, known);
  }
  return facts;
}

/** The names of all repositories, those without a manifest too. */
export async function repositoriesIn(layout: StorageLayout, below = ''): Promise<string[]> {
  const found: string[] = [];
  const entries = await foldersIn(path.join(layout.repositories, below));
  // Names of components never begin so.
  if (below !== '' && entries.some((name) => name.startsWith('_'))) found.push(below);
  for (const name of entries.filter((each) => !each.startsWith('_'))) {
    found.push(...(await repositoriesIn(layout, path.join(below, name))));
  }
  return found;
}

/** The digests of all manifests of a repository, tagged or not. */
export async function manifestDigests(layout: StorageLayout, repository: string): Promise<string[]> {
  const folder = layout.manifests(repository);
  const digests = await eachOf(await foldersIn(folder), async (hex) => {
    // Once it is deleted its folder stays without the link.
    const link = await seen(path.join(folder, hex, 'link'));
    return link === null ? null : digestOfHex(hex);
  });
  return digests.filter((digest) => digest !== null);
}

async function readBlobs(layout: StorageLayout, facts: RegistryFacts, signal: AbortSignal): Promise<void> {
  for (const prefix of await foldersIn(layout.blobs)) {
    signal.throwIfAborted();
    const folders = await foldersIn(path.join(layout.blobs, prefix));
    await eachOf(folders, async (hex) => {
      const file = await readDigestFolder(path.join(layout.blobs, prefix, hex), 'data', facts);
      const digest = digestOfHex(hex);
      if (file !== null && digest !== null) facts.blobs.push({ ...file, digest });
    });
  }
}

async function readLinks(layout: StorageLayout, repository: string, facts: RegistryFacts): Promise<void> {
  const folder = layout.layerLinks(repository);
  await eachOf(await foldersIn(folder), async (hex) => {
    const file = await readDigestFolder(path.join(folder, hex), 'link', facts);
    const digest = digestOfHex(hex);
    if (file !== null && digest !== null) facts.links.push({ ...file, repository, digest });
  });
}

/** The one file that belongs into the folder of a digest. What else lies there was left behind by a process that was killed. */
async function readDigestFolder(
  folder: string,
  name: string,
  facts: RegistryFacts,
): Promise<(SeenFile & { bytes: number }) | null> {
  let own: (SeenFile & { bytes: number }) | null = null;
  // Before it is read: what comes into it later shows.
  const self = await seen(folder);
  const entries = await readdir(folder).catch(noneIfAbsent);
  if (entries.length === 0 && self !== null) facts.emptyFolders.push(self);
  for (const entry of entries) {
    const file = await seen(path.join(folder, entry));
    if (entry === name) own = file;
    else if (entry === `${name}${SET_ASIDE}`) facts.setAside.push(path.join(folder, name));
    else if (file !== null) facts.leftovers.push(file);
  }
  return own;
}

/** Those of deleted manifests, and the repository itself where it has nothing left to show. */
async function readEmptyFolders(
  layout: StorageLayout,
  repository: string,
  facts: RegistryFacts,
): Promise<void> {
  const manifests = layout.manifests(repository);
  for (const hex of await foldersIn(manifests)) {
    const folder = path.join(manifests, hex);
    const self = await seen(folder);
    if (self !== null && (await readdir(folder).catch(noneIfAbsent)).length === 0)
      facts.emptyFolders.push(self);
  }
  const own = path.join(layout.repositories, repository);
  const parts = (await foldersIn(own)).filter((name) => name.startsWith('_'));
  const folders = await eachOf(parts, (name) => emptyTree(path.join(own, name)));
  const empty = folders.filter((folder) => folder !== null);
  if (empty.length < parts.length || empty.length === 0) return;
  const touchedAtMs = Math.max(...empty.map((folder) => folder.touchedAtMs));
  facts.emptyRepositories.push({ path: own, touchedAtMs, mark: '' });
}

/** A folder that holds no file at any depth, and when one of it was last changed; else null. */
async function emptyTree(folder: string): Promise<SeenFile | null> {
  const self = await seen(folder);
  const entries = await readdir(folder, { withFileTypes: true }).catch(noneIfAbsent);
  if (self === null || entries.some((entry) => !entry.isDirectory())) return null;
  let touchedAtMs = self.touchedAtMs;
  for (const entry of entries) {
    const below = await emptyTree(path.join(folder, entry.name));
    if (below === null) return null;
    touchedAtMs = Math.max(touchedAtMs, below.touchedAtMs);
  }
  return { ...self, touchedAtMs };
}

async function readUploads(layout: StorageLayout, repository: string, facts: RegistryFacts): Promise<void> {
  const folder = layout.uploads(repository);
  for (const id of await foldersIn(folder)) {
    const place = path.join(folder, id);
    const parts = [place, path.join(place, 'data'), path.join(place, 'startedat')];
    const files = (await Promise.all(parts.map(seen))).filter((file) => file !== null);
    const touchedAtMs = Math.max(...files.map((file) => file.touchedAtMs));
    if (files.length > 0) facts.uploads.push({ path: place, repository, touchedAtMs, mark: '' });
  }
}

async function readManifests(
  layout: StorageLayout,
  repository: string,
  facts: RegistryFacts,
  known: Map<string, string[]>,
): Promise<void> {
  const manifests = await eachOf(await manifestDigests(layout, repository), async (digest) => {
    const references = known.get(digest) ?? (await readReferences(layout, digest));
    if (references !== null) known.set(digest, references);
    return { repository, digest, references };
  });
  facts.manifests.push(...manifests);
}

async function readReferences(layout: StorageLayout, digest: string): Promise<string[] | null> {
  const content = await readFile(layout.blob(digest)).catch(nullIfAbsent);
  return content === null ? null : referencesOf(content);
}

/** A file as it is now, null where it is gone. */
export async function seen(file: string): Promise<(SeenFile & { bytes: number }) | null> {
  const now = await stat(file, { bigint: true }).catch(nullIfAbsent);
  if (now === null) return null;
  return {
    path: file,
    touchedAtMs: Number(now.mtimeNs / 1_000_000n),
    mark: `${now.ino}:${now.mtimeNs}`,
    bytes: Number(now.size),
  };
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(noneIfAbsent);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}
