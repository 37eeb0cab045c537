import type { SourceEntry } from '@brainpod/model/source';

/** The files that people sent to be built, by pod. It is a cache: what is lost is sent again. */
export interface SourcePort {
  /** Keeps the list of a source, and returns the source's digest. */
  putList(podId: string, entries: readonly SourceEntry[]): Promise<string>;
  /** What a source consists of; null where the pod has no such list. */
  readList(podId: string, source: string): Promise<SourceEntry[] | null>;
  /** Those of these files that the pod has not. */
  missing(podId: string, digests: Iterable<string>): Promise<string[]>;
  /**
   * Keeps the files of a tar, each named by the hexadecimal SHA-256 of what is in it. VALIDATION_ERROR (ApiError) for
   * whatever else is in it; what came before that stays.
   */
  receive(podId: string, tar: AsyncIterable<Uint8Array>): Promise<{ received: number; bytes: number }>;
}
