import { placeOf } from './document-place.ts';
import type { Fault } from './fault.ts';
import { isFileMount } from './kinds/app.ts';
import { nameInUrn } from './kinds/urn-field.ts';
import type { PodDocuments } from './pod-documents.ts';

type Attachment = { disk: string; owner: string; path: string };

/**
 * Disks that resources name and that are not there, and Disks that two resources claim. Such a claim is at
 * fault at each of the two, since whoever changes one must hear of it.
 */
export function checkDisks(pod: PodDocuments): Fault[] {
  const attachments = attachmentsIn(pod);
  const disks = new Set(pod.disks.map((disk) => disk.metadata.name));
  return attachments.flatMap(({ disk, owner, path }) => {
    if (!disks.has(disk)) return [{ path, message: `There is no Disk "${disk}" in this pod.` }];
    const other = attachments.find((each) => each.disk === disk && each.owner !== owner);
    if (other === undefined) return [];
    const message = `Disk "${disk}" is attached to ${other.owner} too. A Disk serves one resource: give each its own.`;
    return [{ path, message }];
  });
}

function attachmentsIn({ apps, databases }: PodDocuments): Attachment[] {
  const mounted = apps.flatMap((app) =>
    app.spec.mounts.flatMap((mount, index) => {
      if (isFileMount(mount)) return [];
      const owner = placeOf(app);
      return [{ disk: nameInUrn(mount.disk), owner, path: `${owner}.spec.mounts[${index}].disk` }];
    }),
  );
  const referred = databases.map((database) => {
    const owner = placeOf(database);
    return { disk: nameInUrn(database.spec.diskRef), owner, path: `${owner}.spec.diskRef` };
  });
  return [...mounted, ...referred];
}
