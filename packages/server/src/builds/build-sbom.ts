import type { BuiltImage } from '@brainpod/builder/execute/build-image';
import type { ImageStatement } from '@brainpod/builder/execute/provenance';
import type { ImageScanner } from '@brainpod/sbom/scan-image';
import { SPDX_TYPE } from '@brainpod/sbom/spdx';
import type { DueBuild } from '@brainpod/store/builds';
import type { Logger } from 'pino';
import type { BuildLog } from './build-log.ts';

type Image = { repository: string; digest: string };

export type SbomDeps = {
  /** The host of our registry as it stands in image names. */
  registryHost: string;
  /** Where the registry answers without credentials. */
  registryOrigin: URL;
  scanner: ImageScanner;
  /** The kinds of what is said of an image already. */
  saidOfImage(image: Image): Promise<string[]>;
  sayOfImage(image: Image, statement: ImageStatement): Promise<unknown>;
  logger: Logger;
};

/**
 * Keeps beside an image what is in it. As with its provenance, a build does not fail for it. An image that has one keeps it, and is not
 * looked through again. Rejects only when the build is ended.
 */
export async function saySbom(
  { registryHost, registryOrigin, scanner, saidOfImage, sayOfImage, logger }: SbomDeps,
  build: DueBuild,
  { built: { repository, digest }, signal, log }: { built: BuiltImage; signal: AbortSignal; log: BuildLog },
): Promise<void> {
  const image = { repository, digest };
  try {
    if ((await saidOfImage(image)).includes(SPDX_TYPE)) return;
    const name = `${registryHost}/${repository}`;
    const predicateJson = await scanner.scan({ ...image, origin: registryOrigin, name }, signal);
    await sayOfImage(image, { predicateType: SPDX_TYPE, predicateJson });
  } catch (error) {
    signal.throwIfAborted();
    logger.warn({ err: error, build: build.id }, 'the bill of materials of an image could not be kept');
    log.note('The image is there, but what is in it (its bill of materials) could not be kept beside it.');
  }
}
