import type { InstanceResources } from '@brainpod/model/instance-size';
import { cpuQuantity, memoryQuantity } from './quantity.ts';

/** How much CPU is lent out: of each CPU that an instance may use, a quarter is set aside for it. */
const CPU_OVERCOMMIT = 4;

/** What an instance may write outside of Disks, logs included: one that writes on and on ends itself, not its node. */
export const EPHEMERAL_STORAGE_LIMIT_MIB = 2048;
const EPHEMERAL_STORAGE_REQUEST = '64Mi';

/**
 * What is set aside for an instance. Memory in full: it cannot be taken back, and an instance must not
 * die because its neighbour grew. CPU by a quarter: most apps idle most of the time, it can be taken
 * back at once, and under contention the shares still stand in the ratio of the sizes.
 */
export function requestsOf(size: InstanceResources): Record<string, string> {
  return {
    cpu: cpuQuantity(Math.ceil(size.cpuMillis / CPU_OVERCOMMIT)),
    memory: memoryQuantity(size.memoryMiB),
    'ephemeral-storage': EPHEMERAL_STORAGE_REQUEST,
  };
}

/** What an instance may use at most: its size. */
export function limitsOf(size: InstanceResources): Record<string, string> {
  return {
    cpu: cpuQuantity(size.cpuMillis),
    memory: memoryQuantity(size.memoryMiB),
    'ephemeral-storage': memoryQuantity(EPHEMERAL_STORAGE_LIMIT_MIB),
  };
}
