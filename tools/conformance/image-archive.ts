import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../start/command.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';

type Blob = { digest: string; size: number };

/**
 * Writes an OCI archive of images that hold one static program and nothing else, for `ctr images import`. The program
 * becomes `/<command>`; the same image gets all the names. `folder` is for scratch, and is emptied.
 */
export async function writeImageArchive(
  archive: string,
  image: { program: string; command: string; names: readonly string[]; folder: string },
): Promise<void> {
  const [root, layout] = [path.join(image.folder, 'root'), path.join(image.folder, 'layout')];
  const blobs = path.join(layout, 'blobs/sha256');
  await rm(image.folder, { recursive: true, force: true });
  await Promise.all([mkdir(root, { recursive: true }), mkdir(blobs, { recursive: true })]);
  await copyFile(image.program, path.join(root, image.command));
  const layerFile = path.join(image.folder, 'layer.tar');
  await pack(layerFile, root, [image.command]);
  const platform = { architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux' };
  const layer = await writeBlob(blobs, await readFile(layerFile));
  const config = await writeJson(blobs, {
    ...platform,
    config: { Entrypoint: [`/${image.command}`] },
    rootfs: { type: 'layers', diff_ids: [layer.digest] },
  });
  const manifest = await writeJson(blobs, {
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
  });
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: image.names.map((name) => ({
      mediaType: MANIFEST_TYPE,
      ...manifest,
      platform,
      annotations: { 'io.containerd.image.name': name },
    })),
  };
  await writeFile(path.join(layout, 'index.json'), JSON.stringify(index));
  await writeFile(path.join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await pack(archive, layout, ['oci-layout', 'index.json', 'blobs']);
}

function pack(file: string, folder: string, names: readonly string[]): Promise<string> {
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--mtime=@0', '--sort=name'];
  return runCommand('tar', [...owner, '--mode=0755', '-C', folder, '-cf', file, ...names]);
}

function writeJson(folder: string, document: unknown): Promise<Blob> {
  return writeBlob(folder, Buffer.from(JSON.stringify(document)));
}

async function writeBlob(folder: string, bytes: Buffer): Promise<Blob> {
  const name = createHash('sha256').update(bytes).digest('hex');
  await writeFile(path.join(folder, name), bytes);
  return { digest: `sha256:${name}`, size: bytes.length };
}
