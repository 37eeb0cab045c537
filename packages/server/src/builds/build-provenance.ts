import type { BuiltImage } from '@brainpod/builder/execute/build-image';
import {
  type ImageStatement,
  type ProvenanceQuery,
  readProvenance,
} from '@brainpod/builder/execute/provenance';
import type { DueBuild } from '@brainpod/store/builds';
import type { Logger } from 'pino';
import type { BuildLog } from './build-log.ts';

export type ProvenanceDeps = {
  /** The host of our registry as it stands in image names. */
  registryHost: string;
  /** Says something of an image, whose repository begins with the pod's name. */
  sayOfImage(image: { repository: string; digest: string }, statement: ImageStatement): Promise<unknown>;
  logger: Logger;
};

/**
 * Keeps beside an image where it comes from. The image is there and is what it is without that, so a build does not fail for it: its
 * log says that it is missing. Rejects only when the build is ended.
 */
export async function sayProvenance(
  { registryHost, sayOfImage, logger }: ProvenanceDeps,
  build: DueBuild,
  {
    built: { repository, digest, ref },
    buildkit,
    log,
  }: { built: BuiltImage; buildkit: Omit<ProvenanceQuery, 'ref'>; log: BuildLog },
): Promise<void> {
  try {
    const origin = { builder: `https://${registryHost}`, build: build.id, source: build.source };
    const provenance = await readProvenance({ ...buildkit, ref }, origin);
    if (provenance === null) throw new Error('BuildKit has no record of the build');
    await sayOfImage({ repository, digest }, provenance);
  } catch (error) {
    buildkit.signal.throwIfAborted();
    logger.warn({ err: error, build: build.id }, 'the provenance of an image could not be kept');
    log.note('The image is there, but where it comes from (its provenance) could not be kept beside it.');
  }
}
