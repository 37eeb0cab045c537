import type { Readable } from 'node:stream';
import { ConnectionFailure } from '@brainpod/api-client/failure';
import { CliFailure } from '../failure.ts';
import type { BuildsApi } from './builds-api.ts';
import type { PackedDirectory } from './pack-directory.ts';
import { type ArchivedFile, archiveOf } from './source-archive.ts';

/** What goes to the server: so many of all files, as the others are there already. Bytes are those of the files, not packed. */
export type SourceEvent =
  | { kind: 'sending'; files: number; bytes: number; allFiles: number }
  | { kind: 'sent'; files: number; bytes: number; allFiles: number; allBytes: number };

export type SendOptions = {
  api: BuildsApi;
  pod: string;
  packed: PackedDirectory;
  report: (event: SourceEvent) => void;
  signal?: AbortSignal;
};

/** A broken connection costs this much at most: what has arrived stays. */
const AT_ONCE_BYTES = 256 * 1024 * 1024;
const ROUNDS_WITHOUT_PROGRESS = 3;

/** Sends what the server has not got of a folder, until nothing is missing. Gives the source's digest, by which it can be built. */
export async function sendSource(options: SendOptions): Promise<string> {
  const { api, pod, packed, report, signal } = options;
  const files = filesByDigest(packed);
  const allFiles = packed.entries.length;
  const told = { files: 0, bytes: 0 };
  let rounds = 0;
  let least = Number.POSITIVE_INFINITY;
  for (;;) {
    const { source, missing } = await api.createSource(pod, packed.entries, signal);
    const wanted = missing.map((digest) => files.get(digest) ?? refuse(digest));
    if (wanted.length === 0) {
      report({ kind: 'sent', ...told, allFiles, allBytes: packed.bytes });
      return source;
    }
    rounds = wanted.length < least ? 0 : rounds + 1;
    least = Math.min(least, wanted.length);
    if (rounds >= ROUNDS_WITHOUT_PROGRESS) throw stuck(wanted.length);
    if (told.files === 0) {
      Object.assign(told, { files: wanted.length, bytes: sizeOf(wanted) });
      report({ kind: 'sending', ...told, allFiles });
    }
    const broken = await send(options, wanted);
    if (broken !== null && rounds + 1 >= ROUNDS_WITHOUT_PROGRESS) throw broken;
  }
}

/** What broke the connection, or null. All else is thrown. */
async function send(
  { api, pod, packed, signal }: SendOptions,
  wanted: readonly ArchivedFile[],
): Promise<ConnectionFailure | null> {
  for (const part of parted(wanted)) {
    const archive = archiveOf(packed.root, part);
    // A request that fails for its own body says only that it failed.
    const fault = new Promise<Error | null>((resolve) => {
      archive.on('error', resolve);
      archive.on('close', () => resolve(null));
    });
    try {
      await api.sendSourceContents(pod, bytesOf(archive), signal);
    } catch (error) {
      archive.destroy();
      const own = await fault;
      if (own instanceof CliFailure) throw own;
      if (!(error instanceof ConnectionFailure) || signal?.aborted) throw error;
      return error;
    }
  }
  return null;
}

function bytesOf(archive: Readable): ReadableStream<Uint8Array> {
  const chunks = archive[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      archive.destroy();
    },
  });
}

function filesByDigest({ entries }: PackedDirectory): Map<string, ArchivedFile> {
  return new Map(entries.flatMap((entry) => ('digest' in entry ? [[entry.digest, entry]] : [])));
}

function* parted(files: readonly ArchivedFile[]): Generator<ArchivedFile[]> {
  let part: ArchivedFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (part.length > 0 && bytes + file.sizeBytes > AT_ONCE_BYTES) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(file);
    bytes += file.sizeBytes;
  }
  yield part;
}

function sizeOf(files: readonly ArchivedFile[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function refuse(digest: string): never {
  throw new CliFailure(`The server asks for a file that is not in the folder (${digest}).`);
}

function stuck(missing: number): CliFailure {
  return new CliFailure(
    `${missing} ${missing === 1 ? 'file' : 'files'} of the source did not arrive, although they were sent again and again.`,
    { advice: 'The disk of the server that keeps sources may be full. Its operator can tell.' },
  );
}
