import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SizeResult } from './report.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const FILE = path.join(ROOT, '.cache/scale.json');

/** What was measured already on this commit and engine, so that a run that broke off goes on where it was. */
export class KeptResults {
  readonly #of: string;
  #results: SizeResult[];

  constructor(engineBinDir: string) {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
    this.#of = `${commit} ${engineBinDir}`;
    // Written by `keep`.
    const file = existsSync(FILE)
      ? (JSON.parse(readFileSync(FILE, 'utf8')) as { of: string; results: SizeResult[] })
      : null;
    this.#results = file?.of === this.#of ? file.results : [];
  }

  find(apps: number, rounds: number): SizeResult | null {
    const isIt = (size: SizeResult): boolean =>
      size.apps === apps && size.measured.change.appliedMs.length === rounds;
    return this.#results.find(isIt) ?? null;
  }

  keep(result: SizeResult): void {
    this.#results = [...this.#results.filter(({ apps }) => apps !== result.apps), result];
    mkdirSync(path.dirname(FILE), { recursive: true });
    writeFileSync(FILE, JSON.stringify({ of: this.#of, results: this.#results }));
  }
}
