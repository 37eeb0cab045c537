import Type, { type Static } from 'typebox';
import { resourceOf } from './envelope.ts';

const MIN_GB = 5;
const MAX_GB = 500;

const description = `a whole number of GB from ${MIN_GB} to ${MAX_GB}`;
const Gigabytes = Type.Integer({ minimum: MIN_GB, maximum: MAX_GB, description });

// Clients that follow the older schema send the number as text.
const GigabytesAsText = Type.String({ pattern: '^([5-9]|[1-9][0-9]|[1-4][0-9]{2}|500)$', description });

const VolumeHandle = Type.String({ description: 'set by the platform' });

export const DiskInputSchema = resourceOf(
  'Disk',
  Type.Object({
    size: Type.Union([Gigabytes, GigabytesAsText], { description }),
    volumeHandle: Type.Optional(VolumeHandle),
  }),
);
export const DiskDocumentSchema = resourceOf(
  'Disk',
  Type.Object({ size: Gigabytes, volumeHandle: Type.Optional(VolumeHandle) }),
);

type DiskInput = Static<typeof DiskInputSchema>;
/** A Disk as it is kept. `size` is in GB. */
export type DiskDocument = Static<typeof DiskDocumentSchema>;

/** Makes a number of a size that was sent as text. */
export function completeDisk(disk: DiskInput): DiskDocument {
  return { ...disk, spec: { ...disk.spec, size: Number(disk.spec.size) } };
}
