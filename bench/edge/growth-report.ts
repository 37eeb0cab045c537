import { median } from '../quantiles.ts';
import type { LoadResult } from './load.ts';

export type Parts<T = number> = { envoy: T; envoyGateway: T; apiserver: T };
export type Size = {
  routes: number;
  /** From the last size to this one, until all are served; and the processor seconds of each meanwhile. */
  growSeconds: number;
  used: Parts;
  /** From the apply of a new one to its first 200; and the processor seconds of each for all of them. */
  newMs: number[];
  usedByNew: Parts;
  memory: Parts;
  /** Of Envoy's memory, what it has written itself. */
  heapMiB: number;
  /** What the sample saw from the last size on. */
  sample: LoadResult;
};
export type Growth = { empty: Parts; emptyHeapMiB: number; sizes: Size[] };

const GOALS = { newMs: 1_000, envoyMiB: 150 };

/** The table, and whether all goals are met. */
export function growthTable({ empty, emptyHeapMiB, sizes }: Growth): { text: string; ok: boolean } {
  const last = sizes.at(-1);
  if (last === undefined) throw new Error('no size was measured');
  const failed = sizes.reduce((sum, { sample }) => sum + sample.failed, 0);
  const asked = sizes.reduce((sum, { sample }) => sum + sample.requests, 0);
  const slowest = Math.max(...sizes.flatMap(({ newMs }) => newMs));
  const faults = [
    ...(failed > 0 ? [`${failed} requests were lost`] : []),
    ...(slowest > GOALS.newMs ? [`a new Route took ${slowest.toFixed(0)} ms`] : []),
    ...(last.memory.envoy > GOALS.envoyMiB ? [`Envoy has ${last.memory.envoy.toFixed(0)} MiB`] : []),
  ];
  const text = `| Routes | a new one: median | at most | processor time for it: Envoy Gateway | Envoy | the sample: requests | lost | p99 | longest |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${sizes.map(newRow).join('\n')}

| Routes | Envoy | of it not files | Envoy Gateway | API server | grown from the size before in | processor time for that: Envoy Gateway | Envoy |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
| 0 | ${mib(empty.envoy)} | ${mib(emptyHeapMiB)} | ${mib(empty.envoyGateway)} | ${mib(empty.apiserver)} | | | |
${sizes.map(memoryRow).join('\n')}

Goals: a new Route serves within ${GOALS.newMs} ms, of ${asked} requests to others none is lost, Envoy has at most ${GOALS.envoyMiB} MiB. ${faults.length === 0 ? 'All met.' : `**Missed: ${faults.join('; ')}.**`}`;
  return { text, ok: faults.length === 0 };
}

function newRow({ routes, newMs, usedByNew, sample }: Size): string {
  const each = (seconds: number): string => `${((seconds * 1000) / newMs.length).toFixed(0)} ms`;
  const latencies = [sample.p99Ms, sample.maxMs].map((ms) => `${ms.toFixed(1)} ms`);
  const figures = [median(newMs), Math.max(...newMs)].map((ms) => `${ms.toFixed(0)} ms`);
  const used = [each(usedByNew.envoyGateway), each(usedByNew.envoy)];
  return `| ${[routes, ...figures, ...used, sample.requests, sample.failed, ...latencies].join(' | ')} |`;
}

function memoryRow({ routes, memory, heapMiB, growSeconds, used }: Size): string {
  const sizes = [memory.envoy, heapMiB, memory.envoyGateway, memory.apiserver].map(mib);
  const seconds = [growSeconds, used.envoyGateway, used.envoy].map((value) => `${value.toFixed(1)} s`);
  return `| ${[routes, ...sizes, ...seconds].join(' | ')} |`;
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
