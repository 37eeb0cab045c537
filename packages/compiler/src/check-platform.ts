import type { Fault, ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { parseImageReference } from '@brainpod/model/image-reference';
import type { AppDocument } from '@brainpod/model/kinds/app';
import type { RouteDocument } from '@brainpod/model/kinds/route';
import type { Platform, PodContext } from './platform-facts.ts';
import { askedWhileUpdating, quotaOf } from './quota.ts';

// Images in the registry that belong to no pod.
const PUBLIC_NAMESPACE = 'public';

/** What documents ask of the platform that it doesn't give them. */
export function checkAgainstPlatform(
  documents: readonly ResourceDocument[],
  pod: PodContext,
  platform: Platform,
): Fault[] {
  const apps = documents.filter((document) => document.kind === 'App');
  const routes = documents.filter((document) => document.kind === 'Route');
  return [
    ...apps.flatMap((app) => checkImages(app, pod, platform)),
    ...routes.flatMap((route) => checkAllow(route, platform)),
    ...checkQuota(documents, pod, platform),
  ];
}

/** A list that nobody heeds must not look like a wall. */
function checkAllow(route: RouteDocument, platform: Platform): Fault[] {
  if (route.spec.allow === undefined || platform.envoyGateway) return [];
  const message =
    'The edge of this cluster cannot tell visitors by their network. Take it out, or let the App itself refuse them.';
  return [{ path: `${placeOf(route)}.spec.allow`, message }];
}

/** An image of another pod would be refused by the registry, but a node may hold it already. */
function checkImages(app: AppDocument, pod: PodContext, platform: Platform): Fault[] {
  const init = app.spec.lifecycle?.init;
  const images = [{ field: 'spec.image', text: app.spec.image }];
  if (typeof init === 'object' && 'image' in init)
    images.push({ field: 'spec.lifecycle.init.image', text: init.image });
  return images.flatMap(({ field, text }) => {
    const image = parseImageReference(text);
    if (!image.ok || image.value.registry !== platform.registryHost) return [];
    const owner = image.value.repository.split('/')[0];
    if (owner === pod.name || owner === PUBLIC_NAMESPACE) return [];
    const message = `The image belongs to the pod "${owner}". Push it to ${platform.registryHost}/${pod.name}/… to use it here.`;
    return [{ path: `${placeOf(app)}.${field}`, message }];
  });
}

function checkQuota(documents: readonly ResourceDocument[], pod: PodContext, platform: Platform): Fault[] {
  const quota = quotaOf(documents, pod, platform);
  const asked = askedWhileUpdating(documents, platform);
  const exceeded = (path: string, what: string, wanted: number, most: number): Fault[] => {
    if (wanted <= most) return [];
    const message = `The pod's Apps need ${wanted} ${what} while they are updated; a pod may use ${most}. Lower replicas or instance.`;
    return [{ path, message }];
  };
  return [
    ...exceeded('limits.instances', 'instances', asked.instances, quota.instances),
    ...exceeded('limits.cpu', 'CPUs', asked.cpuMillis / 1000, quota.cpuMillis / 1000),
    ...exceeded('limits.memory', 'MiB of memory', asked.memoryMiB, quota.memoryMiB),
  ];
}
