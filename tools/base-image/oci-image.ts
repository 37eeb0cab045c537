import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';
const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A compressed layer on disk. `digest` names the compressed bytes, `diffId` the tar inside. */
export type Layer = { file: string; digest: string; diffId: string; sizeBytes: number; createdBy: string };

/** What a container of the image starts with. */
export type ImageDefaults = {
  env: string[];
  cmd: string[];
  /** Numbers of a user and a group; absent for root. */
  user?: string;
  labels: Record<string, string>;
  createdAt: Date;
  architecture: 'amd64' | 'arm64';
};

type Blob = { digest: string; bytes: Buffer };
export type Image = { layers: readonly Layer[]; config: Blob; manifest: Blob };

/** Compresses a tar into a layer. The same tar gives the same bytes. */
export async function compressLayer(tarFile: string, layerFile: string, createdBy: string): Promise<Layer> {
  const inside = createHash('sha256');
  const outside = createHash('sha256');
  await pipeline(
    createReadStream(tarFile),
    hashing(inside),
    createGzip({ level: 6 }),
    hashing(outside),
    createWriteStream(layerFile),
  );
  const { size } = await stat(layerFile);
  return {
    file: layerFile,
    digest: `sha256:${outside.digest('hex')}`,
    diffId: `sha256:${inside.digest('hex')}`,
    sizeBytes: size,
    createdBy,
  };
}

/** Puts layers, lowest first, and their defaults together to an OCI image. */
export function assembleImage(layers: readonly Layer[], defaults: ImageDefaults): Image {
  const created = defaults.createdAt.toISOString();
  const config = blobOf({
    created,
    architecture: defaults.architecture,
    os: 'linux',
    config: {
      ...(defaults.user === undefined ? {} : { User: defaults.user }),
      Env: defaults.env,
      Cmd: defaults.cmd,
      Labels: defaults.labels,
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((layer) => ({ created, created_by: layer.createdBy })),
  });
  const manifest = blobOf({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: CONFIG_TYPE, digest: config.digest, size: config.bytes.length },
    layers: layers.map(({ digest, sizeBytes }) => ({ mediaType: LAYER_TYPE, digest, size: sizeBytes })),
  });
  return { layers, config, manifest };
}

function blobOf(document: unknown): Blob {
  const bytes = Buffer.from(JSON.stringify(document));
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` };
}

function hashing(hash: ReturnType<typeof createHash>): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
