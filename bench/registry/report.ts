import type { LoadResult } from '../api/load.ts';
import { measuredOn } from '../machine.ts';
import { median } from '../quantiles.ts';

export type ManifestRound = LoadResult & { cpuMsPerAnswer: number };
export type Sides<T> = { plain: T[]; front: T[] };
/** Of each round; transfers in seconds. */
export type Measured = {
  /** All connections ask for the same one, or each for its own. */
  manifests: { same: Sides<ManifestRound>; several: Sides<ManifestRound> };
  transfers: {
    write: number[];
    read: number[];
    push: Sides<number>;
    pull: Sides<number>;
    warmPull: Sides<number>;
  };
};

export function tablesOf(
  { manifests, transfers }: Measured,
  run: { rounds: number; seconds: number; bytes: number; connections: number },
): string {
  const speed = (seconds: readonly number[]): number => run.bytes / 1e6 / median(seconds);
  const row = (name: string, disk: readonly number[] | null, { plain, front }: Sides<number>, goal: string) =>
    line([
      name,
      disk === null ? '' : megabytes(speed(disk)),
      megabytes(speed(plain)),
      megabytes(speed(front)),
      disk === null ? '' : ratio(speed(front) / speed(disk)),
      ratio(speed(front) / speed(plain)),
      goal,
    ]);
  const of = (side: readonly ManifestRound[], figure: keyof ManifestRound): number =>
    median(side.map((round) => round[figure]));
  const asked = (name: string, side: readonly ManifestRound[], { plain }: Sides<ManifestRound>) =>
    line([
      name,
      of(side, 'perSecond').toFixed(0),
      ratio(of(side, 'perSecond') / of(plain, 'perSecond')),
      ...[of(side, 'p50Ms'), of(side, 'p99Ms')].map((ms) => `${ms.toFixed(1)} ms`),
      `${of(side, 'cpuMsPerAnswer').toFixed(2)} ms`,
    ]);
  return `${measuredOn('npm run verify registry-speed')}

| image of ${run.bytes / 1e6} MB, MB/s | disk | registry alone | through the front | of the disk | of the registry alone | goal |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
${row('push', transfers.write, transfers.push, '≥ 0.70 of the disk')}
${row('pull, from the disk', transfers.read, transfers.pull, '≥ 0.70 of the disk')}
${row('pull, from memory', null, transfers.warmPull, '')}

| GET of a manifest | per second | of the registry alone | p50 | p99 | processor time, each |
| --- | ---: | ---: | ---: | ---: | ---: |
${asked('each connection its own, registry alone', manifests.several.plain, manifests.several)}
${asked('each connection its own, through the front', manifests.several.front, manifests.several)}
${asked('all the same, registry alone', manifests.same.plain, manifests.same)}
${asked('all the same, through the front', manifests.same.front, manifests.same)}
| goal | ≥ 1500 | ≥ 0.75 | | ≤ 20 ms | |

One layer, by one connection; the disk writes and reads as many bytes in the registry's folder, with fsync at the end of writing.
Manifests: ${run.connections} connections, each with one request at a time, by tag, with a key. Client, server, PostgreSQL and registry share
the processors; the processor time is that of the process that is asked. Medians of ${run.rounds} rounds${run.rounds === 1 ? '' : ', by turns'}, of manifests each ${run.seconds} s.
`;
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function megabytes(perSecond: number): string {
  return perSecond.toFixed(0);
}

function ratio(of: number): string {
  return of.toFixed(2);
}
