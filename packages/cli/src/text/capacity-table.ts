import { bar, cpuText, memoryText } from './bar.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

export type Amounts = { apps: number; cpuMillis: number; memoryMiB: number; diskGb: number };
export type Limits = { [Name in keyof Amounts]: number | null };

const ROWS: readonly [name: keyof Amounts, title: string, text: (amount: number) => string][] = [
  ['apps', 'apps', String],
  ['cpuMillis', 'CPU', cpuText],
  ['memoryMiB', 'memory', memoryText],
  ['diskGb', 'disk', (amount) => `${amount} GB`],
];

/** What is asked for beside what is allowed, with bars. */
export function capacityTable(demand: Amounts, limits: Limits | null, style: Style): string {
  const rows = ROWS.map(([name, title, text]) => {
    const limit = limits?.[name] ?? null;
    return [
      title,
      text(demand[name]),
      limit === null ? '' : `of ${text(limit)}`,
      bar(demand[name], limit, style),
    ];
  });
  return table(style, ['CAPACITY', 'USED', '', ''], rows, '');
}
