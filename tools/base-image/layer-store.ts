import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { compressLayer, type Layer } from './oci-image.ts';

/** What writes a layer has: `below` is the tar of the lowest layer of its image, null for that itself. */
type LayerWork = {
  below: string | null;
  /** Where downloads are kept. */
  downloads: string;
  report: (step: string) => void;
};

export type LayerRecipe = {
  name: string;
  /** The same as long as a layer made now would be the same. */
  key: string;
  createdBy: string;
  write(tarFile: string, work: LayerWork): Promise<void>;
};

type StoreOptions = { cacheDir: string; report: (step: string) => void };

/** The layers of an image, lowest first: those that were kept, and the others made and kept. */
export async function ensureLayers(recipes: readonly LayerRecipe[], options: StoreOptions): Promise<Layer[]> {
  const downloads = join(options.cacheDir, 'downloads');
  await mkdir(downloads, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'brainpod-base-image-'));
  try {
    const layers: Layer[] = [];
    for (const recipe of recipes) {
      const kept = join(options.cacheDir, recipe.key);
      await mkdir(kept, { recursive: true });
      const present = await readKept(kept, recipe.name);
      if (present !== null) {
        layers.push(present);
        continue;
      }
      const tarFile = join(work, `${recipe.name}.tar`);
      const below = await lowest(layers, work);
      await recipe.write(tarFile, { below, downloads, report: options.report });
      options.report(`compressing the ${recipe.name} layer`);
      layers.push(await keep(kept, recipe, tarFile));
      await rm(tarFile);
    }
    return layers;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function lowest([layer]: readonly Layer[], work: string): Promise<string | null> {
  if (layer === undefined) return null;
  const tarFile = join(work, 'lowest.tar');
  if (!existsSync(tarFile)) {
    await pipeline(createReadStream(layer.file), createGunzip(), createWriteStream(tarFile));
  }
  return tarFile;
}

async function keep(directory: string, { name, createdBy }: LayerRecipe, tarFile: string): Promise<Layer> {
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
