import { INSTANCE_NAMES, type InstanceSize, type InstanceSizes } from '@brainpod/model/instance-size';

/** Says that `who` used more memory than its instance has, and which size is the next with more. */
export function memoryFault(who: string, instance: InstanceSize, sizes: InstanceSizes): string {
  const { memoryMiB } = sizes[instance];
  const what = `${who} was ended because it used more memory than instance ${instance} has (${memoryMiB} MiB).`;
  const [next] = INSTANCE_NAMES.filter((name) => sizes[name].memoryMiB > memoryMiB).sort(
    (a, b) => sizes[a].memoryMiB - sizes[b].memoryMiB,
  );
  if (next === undefined) return `${what} There is no larger one: make it use less.`;
  return `${what} Choose a larger instance (${next} has ${sizes[next].memoryMiB} MiB), or make it use less.`;
}
