import { ApiError } from '@brainpod/model/errors';
import { sha256Hex } from '@brainpod/model/sha256';
import { type SourceEntry, sourceText } from '@brainpod/model/source';
import type { SourcePort } from '../source-port.ts';

/** Sources that are kept in memory. Instead of a tar it takes lines, each of which is a file. */
export class StandInSources implements SourcePort {
  readonly #lists = new Map<string, SourceEntry[]>();
  readonly #files = new Set<string>();

  async putList(podId: string, entries: readonly SourceEntry[]): Promise<string> {
    const source = digestOf(sourceText(entries));
    this.#lists.set(`${podId} ${source}`, [...entries]);
    return source;
  }

  async readList(podId: string, source: string): Promise<SourceEntry[] | null> {
    return this.#lists.get(`${podId} ${source}`) ?? null;
  }

  async missing(podId: string, digests: Iterable<string>): Promise<string[]> {
    return [...new Set(digests)].filter((digest) => !this.#files.has(`${podId} ${digest}`));
  }

  async receive(podId: string, tar: AsyncIterable<Uint8Array>): Promise<{ received: number; bytes: number }> {
    const parts: Uint8Array[] = [];
    for await (const part of tar) parts.push(part);
    const text = Buffer.concat(parts).toString();
    if (text.includes('../')) throw new ApiError('VALIDATION_ERROR', 'The tar holds something else.');
    const lines = text.split('\n').filter((line) => line !== '');
    for (const line of lines) this.#files.add(`${podId} ${digestOf(line)}`);
    return { received: lines.length, bytes: text.length };
  }
}

export function digestOf(text: string): string {
  return `sha256:${sha256Hex(text)}`;
}
