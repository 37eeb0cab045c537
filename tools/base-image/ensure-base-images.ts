import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { DEBIAN_RECIPE, writeDebianTar } from './debian-layer.ts';
import { NODE_PACKAGE, NPM_PACKAGE, writeNodeTar } from './node-layer.ts';
import { assembleImage, compressLayer, type Image, type Layer } from './oci-image.ts';
import { imageLabels, pushImage, type Repository } from './oci-push.ts';

/** The images that we can make, by the name that a Dockerfile's FROM gives them. */
export const BASE_IMAGES = ['debian:trixie-slim', 'node:24-trixie-slim', 'node:24'] as const;
export type BaseImage = (typeof BASE_IMAGES)[number];

export type BaseImageOptions = {
  /** The registry behind the front, such as `http://127.0.0.1:4650`. */
  registryUrl: string;
  /** Where downloads and finished layers are kept for the next time. */
  cacheDir: string;
  /** Called with one short phrase for each step. */
  report: (step: string) => void;
};

export type BaseImageResult = { name: BaseImage; made: boolean };

const INPUTS_LABEL = 'io.brainpod.base-image.inputs';
/** Every file of an image carries this time: 2025-01-01. */
const EPOCH_SECONDS = 1_735_689_600;
const PATH_ENTRY = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Sees to it that the mirror of docker.io in our registry holds these images: makes and pushes those that are missing
 * or were made from other inputs. Cheap where all is there. Making one needs root, mmdebstrap, npm and tar.
 */
export async function ensureBaseImages(
  names: readonly BaseImage[],
  options: BaseImageOptions,
): Promise<BaseImageResult[]> {
  const key = inputsKey();
  const results: BaseImageResult[] = [];
  for (const name of names) {
    const { repository, tag } = locate(name, options.registryUrl);
    const labels = await imageLabels(repository, tag);
    if (labels?.[INPUTS_LABEL] === key) {
      results.push({ name, made: false });
      continue;
    }
    const image = await makeImage(name, key, options);
    options.report(`pushing docker.io/library/${name}`);
    await pushImage(repository, [tag], image);
    results.push({ name, made: true });
  }
  return results;
}

function locate(name: BaseImage, registryUrl: string): { repository: Repository; tag: string } {
  const [image = '', tag = ''] = name.split(':');
  return { repository: { registryUrl, name: `docker.io/library/${image}` }, tag };
}

/** The same as long as an image made now would be the same, security updates of Debian aside. */
function inputsKey(): string {
  const inputs = {
    recipe: 2,
    debian: DEBIAN_RECIPE,
    node: NODE_PACKAGE,
    npm: NPM_PACKAGE,
    epoch: EPOCH_SECONDS,
  };
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 32);
}

async function makeImage(name: BaseImage, key: string, options: BaseImageOptions): Promise<Image> {
  if (process.arch !== 'x64') {
    throw new Error(`Base images are made for amd64 only so far, and this machine is ${process.arch}.`);
  }
  const layers = await ensureLayers(key, name.startsWith('node:'), options);
  const isNode = layers.length > 1;
  return assembleImage(layers, {
    env: isNode ? [PATH_ENTRY, `NODE_VERSION=${NODE_PACKAGE.version}`] : [PATH_ENTRY],
    cmd: [isNode ? 'node' : 'bash'],
    labels: { [INPUTS_LABEL]: key, 'org.opencontainers.image.title': name },
    createdAt: new Date(EPOCH_SECONDS * 1000),
    architecture: 'amd64',
  });
}

async function ensureLayers(key: string, withNode: boolean, options: BaseImageOptions): Promise<Layer[]> {
  const kept = join(options.cacheDir, key);
  const downloads = join(options.cacheDir, 'downloads');
  await mkdir(kept, { recursive: true });
  await mkdir(downloads, { recursive: true });
  const debian = await readKept(kept, 'debian');
  const node = withNode ? await readKept(kept, 'node') : null;
  if (debian !== null && (node !== null || !withNode)) return node === null ? [debian] : [debian, node];
  const work = await mkdtemp(join(tmpdir(), 'brainpod-base-image-'));
  try {
    const debianTar = join(work, 'debian.tar');
    if (debian === null) {
      await writeDebianTar(debianTar, { epochSeconds: EPOCH_SECONDS, report: options.report });
    } else {
      await decompress(debian.file, debianTar);
    }
    const below =
      debian ?? (await keep(kept, 'debian', debianTar, `mmdebstrap ${DEBIAN_RECIPE.suite}`, options));
    if (!withNode) return [below];
    options.report(`fetching Node ${NODE_PACKAGE.version}`);
    const nodeTar = join(work, 'node.tar');
    await writeNodeTar(debianTar, nodeTar, { downloads, epochSeconds: EPOCH_SECONDS });
    return [below, await keep(kept, 'node', nodeTar, `node ${NODE_PACKAGE.version}`, options)];
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function keep(
  directory: string,
  name: string,
  tarFile: string,
  createdBy: string,
  options: BaseImageOptions,
): Promise<Layer> {
  options.report(`compressing the ${name} layer`);
  const temporary = join(directory, `.${name}.${process.pid}`);
  const file = join(directory, `${name}.tar.gz`);
  const layer = { ...(await compressLayer(tarFile, temporary, createdBy)), file };
  await rename(temporary, file);
  // Written last: a layer counts only with its description.
  await writeFile(`${temporary}.json`, JSON.stringify(layer));
  await rename(`${temporary}.json`, join(directory, `${name}.json`));
  return layer;
}

async function readKept(directory: string, name: string): Promise<Layer | null> {
  const description = join(directory, `${name}.json`);
  if (!existsSync(description)) return null;
  const value: unknown = JSON.parse(await readFile(description, 'utf8'));
  if (!isLayer(value)) return null;
  const file = join(directory, `${name}.tar.gz`);
  return existsSync(file) ? { ...value, file } : null;
}

function isLayer(value: unknown): value is Layer {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map<string, unknown>(Object.entries(value));
  const texts = ['file', 'digest', 'diffId', 'createdBy'].every(
    (name) => typeof fields.get(name) === 'string',
  );
  return texts && typeof fields.get('sizeBytes') === 'number';
}

async function decompress(file: string, tarFile: string): Promise<void> {
  await pipeline(createReadStream(file), createGunzip(), createWriteStream(tarFile));
}
