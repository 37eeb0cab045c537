import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { TrafficResult } from '../../tools/traffic/tally.ts';
import type { Disturbance } from './disturbances.ts';

type Row = { times: number; sent: number; lost: number };
type Kept = {
  commit: string;
  rollouts: number;
  kinds: Record<string, number>;
  reasons: Record<string, number>;
  rows: Record<string, Row>;
};

const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, '.cache/rollouts.json');

/** What was counted on this commit, kept in a file so that a run that broke off goes on. */
export class KeptRollouts {
  readonly #kept: Kept;

  constructor() {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
    // Written by `add`.
    const file = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Kept) : null;
    this.#kept = file?.commit === commit ? file : { commit, rollouts: 0, kinds: {}, reasons: {}, rows: {} };
  }

  get sent(): number {
    return Object.values(this.#kept.rows).reduce((sum, row) => sum + row.sent, 0);
  }

  get lost(): number {
    return Object.values(this.#kept.rows).reduce((sum, row) => sum + row.lost, 0);
  }

  reached(requests: number, rollouts: number): boolean {
    return this.sent >= requests && this.#kept.rollouts >= rollouts;
  }

  add(step: Disturbance, { sent, lost, kinds, reasons, losses }: TrafficResult): void {
    const row = this.#kept.rows[step.what] ?? { times: 0, sent: 0, lost: 0 };
    this.#kept.rows[step.what] = { times: row.times + 1, sent: row.sent + sent, lost: row.lost + lost };
    this.#kept.rollouts += step.rollouts;
    addTo(this.#kept.kinds, kinds);
    addTo(this.#kept.reasons, reasons);
    for (const loss of losses) console.log(`lost during ${step.what}: ${JSON.stringify(loss)}`);
    mkdirSync(path.dirname(FILE), { recursive: true });
    writeFileSync(FILE, JSON.stringify(this.#kept));
  }

  line(): string {
    return `${this.sent} requests, ${this.#kept.rollouts} rollouts, ${this.lost} lost`;
  }

  table(head: string): string {
    const { rows, kinds, reasons, rollouts } = this.#kept;
    const lines = Object.entries(rows).map(
      ([what, { times, sent, lost }]) => `| ${what} | ${times} | ${sent} | ${lost} |`,
    );
    const counted = (counts: Record<string, number>): string =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count}`)
        .join(', ');
    return [
      head,
      '',
      `**${this.lost} of ${this.sent} requests lost over ${rollouts} rollouts.** By kind: ${counted(kinds)}.`,
      ...(this.lost === 0 ? [] : ['', `What was lost: ${counted(reasons)}.`]),
      '',
      '| while | times | requests | lost |',
      '| --- | ---: | ---: | ---: |',
      ...lines,
    ].join('\n');
  }
}

function addTo(sum: Record<string, number>, more: Record<string, number>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}
