// Quantities in the form that Kubernetes itself gives them back in, so that what is applied and what is
// read compare equal.

/** 250 is `250m`, 2000 is `2`. */
export function cpuQuantity(cpuMillis: number): string {
  return cpuMillis % 1000 === 0 ? `${cpuMillis / 1000}` : `${cpuMillis}m`;
}

/** 256 is `256Mi`, 2048 is `2Gi`. Of memory and of storage. */
export function memoryQuantity(memoryMiB: number): string {
  if (memoryMiB === 0) return '0';
  return memoryMiB % 1024 === 0 ? `${memoryMiB / 1024}Gi` : `${memoryMiB}Mi`;
}
