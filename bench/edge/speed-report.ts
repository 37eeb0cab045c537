import { median } from '../quantiles.ts';

export type Work = { protocol: 'h1' | 'h2'; path: string; bytes: number };
/** One round of one target with one work. Latencies at the rate, the rest as much as it could. */
export type Cell = {
  target: string;
  work: Work;
  p50Ms: number;
  p99Ms: number;
  perSecond: number;
  /** Processor time of the target for each request. */
  microseconds: number;
  failed: number;
};
export type Speed = { cells: Cell[]; memory: { name: string; memoryMiB: number }[]; told: number };

const GOAL_MS = 2;
const NAMES = { h1: 'HTTP/1.1', h2: 'HTTP/2' };

/** The tables, and whether the edge adds no more than it may. */
export function speedTable({ cells, memory, told }: Speed): { text: string; ok: boolean } {
  const works = [...Map.groupBy(cells, ({ work }) => JSON.stringify(work)).values()];
  const targets = [...new Set(cells.map(({ target }) => target))];
  const [instance = '', edge = ''] = targets;
  const rows = works.flatMap((of) => targets.map((target) => row(of, target, instance)));
  const added = works.map((of) => addedMs(of, edge, instance));
  const failed = cells.reduce((sum, cell) => sum + cell.failed, 0);
  const ok = added.every((ms) => ms <= GOAL_MS) && failed === 0;
  const text = `| answer | by | p50 at 1,000/s | p99 at 1,000/s | p99 added | requests/s at most | processor time of each |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

Goal: the edge adds at most ${GOAL_MS} ms to the instance's own p99; it adds ${added.map((ms) => ms.toFixed(2)).join(', ')} ms${ok ? '' : ', **missed**'}. Failed requests, of all: ${failed}. Records of requests that came from the edge meanwhile: ${told}.

| memory after all of it | MiB |
| --- | ---: |
${memory.map(({ name, memoryMiB }) => `| ${name} | ${memoryMiB.toFixed(0)} |`).join('\n')}`;
  return { text, ok };
}

function row(cells: readonly Cell[], target: string, instance: string): string {
  const of = (figure: 'p50Ms' | 'p99Ms' | 'perSecond' | 'microseconds') => middle(cells, target, figure);
  const added = target === instance ? '' : `${addedMs(cells, target, instance).toFixed(2)} ms`;
  const figures = [
    `${of('p50Ms').toFixed(2)} ms`,
    `${of('p99Ms').toFixed(2)} ms`,
    added,
    of('perSecond').toFixed(0),
    `${of('microseconds').toFixed(0)} µs`,
  ];
  return `| ${answerOf(cells)} | ${target} | ${figures.join(' | ')} |`;
}

function addedMs(cells: readonly Cell[], target: string, instance: string): number {
  return middle(cells, target, 'p99Ms') - middle(cells, instance, 'p99Ms');
}

function middle(
  cells: readonly Cell[],
  target: string,
  figure: 'p50Ms' | 'p99Ms' | 'perSecond' | 'microseconds',
): number {
  return median(cells.filter((cell) => cell.target === target).map((cell) => cell[figure]));
}

function answerOf([cell]: readonly Cell[]): string {
  if (cell === undefined) throw new Error('there is no figure of this work');
  const { protocol, bytes } = cell.work;
  return `${NAMES[protocol]}, ${bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} bytes`}`;
}
