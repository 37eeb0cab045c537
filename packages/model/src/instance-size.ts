export const INSTANCE_NAMES = ['.25x', '.5x', '1x', '2x', '4x', '8x'] as const;
export type InstanceSize = (typeof INSTANCE_NAMES)[number];

export type InstanceResources = { cpuMillis: number; memoryMiB: number };

/** What one instance of each size may use. The operator of an installation may set other figures. */
export type InstanceSizes = Readonly<Record<InstanceSize, InstanceResources>>;

/**
 * The sizes where the operator has set nothing else. The ratio is fixed at 1 CPU to 1 GiB: with memory reserved
 * in full and CPU lent out fourfold (see the compiler), a machine with the usual 1:2 to 1:4 of CPU to
 * GiB runs out of both at about the same time. `.25x` is the smallest in which a Node.js or PHP
 * program still starts comfortably.
 */
export const INSTANCE_SIZES: InstanceSizes = {
  '.25x': { cpuMillis: 250, memoryMiB: 256 },
  '.5x': { cpuMillis: 500, memoryMiB: 512 },
  '1x': { cpuMillis: 1000, memoryMiB: 1024 },
  '2x': { cpuMillis: 2000, memoryMiB: 2048 },
  '4x': { cpuMillis: 4000, memoryMiB: 4096 },
  '8x': { cpuMillis: 8000, memoryMiB: 8192 },
};

/** Sizes of less than one whole instance by their name, of which an App may have only one replica. */
export function isFractional(size: InstanceSize): boolean {
  return size.startsWith('.');
}
