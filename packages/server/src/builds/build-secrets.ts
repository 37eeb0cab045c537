import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { BuildSecret } from '@brainpod/model/build-secret';
import type { DueBuild } from '@brainpod/store/builds';
import { BUILD_SECRETS, TextSealer } from '../sealed-text.ts';

/** Shorter ones would be found in what has nothing to do with them. */
const SHORTEST_HIDDEN = 8;
const HIDDEN = '***';

/** Seals and opens the secrets of builds, each for one build. */
export class BuildSecrets {
  readonly #texts: TextSealer;

  constructor(masterKey: Buffer) {
    this.#texts = new TextSealer(masterKey, BUILD_SECRETS);
  }

  sealSecret(buildId: string, id: string, value: string): Buffer {
    return this.#texts.seal(`${buildId}/${id}`, value);
  }

  /** Throws where they were sealed under another master key. */
  open({ id: buildId, secrets }: Pick<DueBuild, 'id' | 'secrets'>): BuildSecret[] {
    return secrets.map(({ id, sealed }) => ({ id, value: this.#texts.open(`${buildId}/${id}`, sealed) }));
  }
}

/** Writes them where only this server's user reads them, in a folder that it makes. */
export async function writeSecrets(
  secrets: readonly BuildSecret[],
  folder: string,
): Promise<{ id: string; file: string }[]> {
  if (secrets.length === 0) return [];
  await mkdir(folder, { mode: 0o700 });
  return await Promise.all(
    secrets.map(async ({ id, value }) => {
      const file = path.join(folder, id);
      await writeFile(file, value, { mode: 0o600, flag: 'wx' });
      return { id, file };
    }),
  );
}

/** Takes secrets out of what is said of a build: whole, and each line of those that have several. */
export function hiding(secrets: readonly string[]): (text: string) => string {
  const hidden = secrets
    .flatMap((value) => [value, ...value.split(/\r?\n/)])
    .map((part) => part.trim())
    .filter((part) => part.length >= SHORTEST_HIDDEN)
    .sort((a, b) => b.length - a.length);
  return (text) => hidden.reduce((rest, part) => rest.replaceAll(part, HIDDEN), text);
}
