import type { Fault, ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { parseImageReference } from '@brainpod/model/image-reference';

/**
 * Images in our registry that belong to another pod: an App may only use those of its own. Images of other
 * registries are nobody's business here. Paths begin with `App/<name>`.
 */
export function foreignImageFaults(
  documents: readonly ResourceDocument[],
  context: { podName: string; registryHost: string },
): Fault[] {
  return documents.flatMap((document) =>
    imagesOf(document).flatMap(({ path, image }) => {
      const parsed = parseImageReference(image);
      if (!parsed.ok || parsed.value.registry?.toLowerCase() !== context.registryHost.toLowerCase())
        return [];
      if (parsed.value.repository.startsWith(`${context.podName}/`)) return [];
      const own = `${context.registryHost}/${context.podName}/`;
      const message = `Must be an image of this pod: its images in this registry begin with ${own}. Push the image there and use that name.`;
      return [{ path: `${placeOf(document)}.${path}`, message }];
    }),
  );
}

function imagesOf(document: ResourceDocument): { path: string; image: string }[] {
  if (document.kind !== 'App') return [];
  const images = [{ path: 'spec.image', image: document.spec.image }];
  const init = document.spec.lifecycle?.init;
  if (typeof init === 'object' && 'image' in init)
    images.push({ path: 'spec.lifecycle.init.image', image: init.image });
  return images;
}
