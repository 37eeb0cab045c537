/**
 * Seconds that each part takes on two cores with nothing built before, in the order in which they are built (what
 * they share is built with the first). Where a machine has built before, its own figures take their place.
 */
const FIRST_TIME_SECONDS: Record<string, number> = {
  kube: 489,
  containerd: 34,
  'containerd-shim-runc-v2': 6,
  ctr: 6,
  registry: 91,
  buildkitd: 46,
  buildctl: 3,
  coredns: 50,
  'metrics-server': 15,
  'envoy-gateway': 69,
};
const OWN_COMMAND_SECONDS = 8;
const MEASURED_CORES = 2;

/** What building a part is expected to take here. More cores help, but linking uses one. */
export function expectedSeconds(binary: string, cores: number): number {
  const measured = FIRST_TIME_SECONDS[binary] ?? OWN_COMMAND_SECONDS;
  return measured * (0.25 + 0.75 * (MEASURED_CORES / Math.max(1, cores)));
}

export type PartEstimate = { binary: string; seconds: number };

/**
 * Seconds left, from what was expected and what the finished parts really took: a machine half as fast so far is
 * expected to stay so. Short parts say little, so the correction grows with the time that was measured.
 */
export function remainingBuildSeconds(
  parts: readonly PartEstimate[],
  finished: ReadonlyMap<string, number>,
): number {
  let [expectedDone, tookDone, left] = [0, 0, 0];
  for (const { binary, seconds } of parts) {
    const took = finished.get(binary);
    if (took === undefined) left += seconds;
    else {
      expectedDone += seconds;
      tookDone += took;
    }
  }
  const weight = 30;
  return left * ((tookDone + weight) / (expectedDone + weight));
}
