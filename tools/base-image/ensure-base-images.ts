import { parseImageReference } from '@brainpod/model/image-reference';
import { DOCKER_HUB } from '@brainpod/model/registry-host';
import { type BaseImage, EPOCH_SECONDS, type ImageRecipe, imageKey, recipeOf } from './base-images.ts';
import { ensureLayers } from './layer-store.ts';
import { assembleImage, type Image } from './oci-image.ts';
import { imageLabels, pushImage, type Repository } from './oci-push.ts';

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

/**
 * Sees to it that the mirrors of other registries in ours hold these images: makes and pushes those that are missing
 * or were made from other inputs. Cheap where all is there. Making one needs root, mmdebstrap, npm and tar.
 */
export async function ensureBaseImages(
  names: readonly BaseImage[],
  options: BaseImageOptions,
): Promise<BaseImageResult[]> {
  const results: BaseImageResult[] = [];
  for (const name of names) {
    const recipe = recipeOf(name);
    const key = imageKey(recipe);
    const { repository, tag } = locate(name, options.registryUrl);
    const labels = await imageLabels(repository, tag);
    if (labels?.[INPUTS_LABEL] === key) {
      results.push({ name, made: false });
      continue;
    }
    const image = await makeImage(name, recipe, options);
    options.report(`pushing ${repository.name}:${tag}`);
    await pushImage(repository, [tag], image);
    results.push({ name, made: true });
  }
  return results;
}

/** Where the mirror has an image: below the name of the registry that it is of. */
function locate(name: BaseImage, registryUrl: string): { repository: Repository; tag: string } {
  const parsed = parseImageReference(name);
  if (!parsed.ok) throw new Error(`${name} is no name of an image.`);
  const { registry = DOCKER_HUB, repository, tag = 'latest' } = parsed.value;
  const path = registry === DOCKER_HUB && !repository.includes('/') ? `library/${repository}` : repository;
  return { repository: { registryUrl, name: `${registry}/${path}` }, tag };
}

async function makeImage(name: BaseImage, recipe: ImageRecipe, options: BaseImageOptions): Promise<Image> {
  if (process.arch !== 'x64') {
    throw new Error(`Base images are made for amd64 only so far, and this machine is ${process.arch}.`);
  }
  return assembleImage(await ensureLayers(recipe.layers, options), {
    env: [...recipe.env],
    cmd: [...recipe.cmd],
    ...(recipe.user === undefined ? {} : { user: recipe.user }),
    labels: {
      [INPUTS_LABEL]: imageKey(recipe),
      'org.opencontainers.image.title': name,
      ...(recipe.contents === undefined ? {} : { 'org.opencontainers.image.description': recipe.contents }),
    },
    createdAt: new Date(EPOCH_SECONDS * 1000),
    architecture: 'amd64',
  });
}
