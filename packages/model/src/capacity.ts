import type { Fault } from './fault.ts';
import type { InstanceSize, InstanceSizes } from './instance-size.ts';
import { podDocuments } from './pod-documents.ts';
import type { ResourceDocument } from './resource-document.ts';

/** What the documents of a pod ask for in all, while nothing is being rolled out. */
export type Demand = { apps: number; cpuMillis: number; memoryMiB: number; diskGb: number };

/** What a pod may ask for in all, as the operator has set it; null where nothing is set. */
export type PodLimits = { [field in keyof Demand]: number | null } & {
  /** What its images in the registry may take together. */
  imagesMiB?: number | null;
};

export const NO_LIMITS: PodLimits = { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null };

/** Adds up the instances of Apps and databases and the sizes of Disks. */
export function demandOf(documents: readonly ResourceDocument[], sizes: InstanceSizes): Demand {
  const { apps, databases, disks } = podDocuments(documents);
  const instances: { size: InstanceSize; count: number }[] = [
    ...apps.map(({ spec }) => ({ size: spec.instance, count: spec.replicas })),
    ...databases.map(({ spec }) => ({ size: spec.instance, count: 1 })),
  ];
  return {
    apps: apps.length,
    cpuMillis: sum(instances.map(({ size, count }) => count * sizes[size].cpuMillis)),
    memoryMiB: sum(instances.map(({ size, count }) => count * sizes[size].memoryMiB)),
    diskGb: sum(disks.map(({ spec }) => spec.size)),
  };
}

/** What a demand goes beyond. Paths begin with `limits.`, by which clients know a limit of the account. */
export function limitFaults(demand: Demand, limits: PodLimits): Fault[] {
  const exceeded = (path: string, has: number, most: number | null, words: [has: string, wayOut: string]) => {
    if (most === null || has <= most) return [];
    const [what, wayOut] = words;
    const message = `${what}, and the limit of this pod is ${most}. ${wayOut}, or ask the operator for a higher limit.`;
    return [{ path, message }];
  };
  const { apps, diskGb, memoryMiB } = demand;
  const cpus = demand.cpuMillis / 1000;
  const mostCpus = limits.cpuMillis === null ? null : limits.cpuMillis / 1000;
  const fewer = 'Lower replicas or instance';
  return [
    ...exceeded('limits.apps', apps, limits.apps, [
      `There would be ${apps} ${apps === 1 ? 'App' : 'Apps'}`,
      'Remove an App',
    ]),
    ...exceeded('limits.cpu', cpus, mostCpus, [
      `Apps and databases would need ${cpus} ${cpus === 1 ? 'CPU' : 'CPUs'} together`,
      fewer,
    ]),
    ...exceeded('limits.memory', memoryMiB, limits.memoryMiB, [
      `Apps and databases would need ${memoryMiB} MiB of memory together`,
      fewer,
    ]),
    ...exceeded('limits.disk', diskGb, limits.diskGb, [
      `Disks would need ${diskGb} GB together`,
      'Remove a Disk',
    ]),
  ];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
