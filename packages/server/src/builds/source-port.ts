import type { SourcePort } from '@brainpod/api/source-port';
import { type SourceStore, WrongContent } from '@brainpod/builder/source/source-store';
import { readTarFiles } from '@brainpod/builder/source/tar-files';
import { ApiError } from '@brainpod/model/errors';

/** The sources of pods as the API knows them. */
export function sourcePort(store: SourceStore): SourcePort {
  return {
    putList: (podId, entries) => store.putList(podId, entries),
    readList: (podId, source) => store.readList(podId, source),
    missing: (podId, digests) => store.missing(podId, digests),
    receive: async (podId, tar) => {
      let received = 0;
      let bytes = 0;
      try {
        for await (const { digest, content } of readTarFiles(tar)) {
          bytes += await store.put(podId, digest, content);
          received += 1;
        }
      } catch (error) {
        if (!(error instanceof WrongContent)) throw error;
        throw new ApiError('VALIDATION_ERROR', `${error.message} ${received} files before it are kept.`);
      }
      return { received, bytes };
    },
  };
}
