import { readFileSync } from 'node:fs';
import { CliFailure } from '../failure.ts';

/** A value that a build may use and that no image holds. */
export type BuildSecret = { id: string; value: string };

const ID = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const LONGEST_BYTES = 16 * 1024;

/**
 * The secrets of a build: those that are `named` on the command line, as `ID` (the environment has the value) or `ID=FILE`, and those
 * that the project `wants`, which the environment has unless they are named too. Throws CliFailure with all that is missing or wrong.
 */
export function readBuildSecrets(parts: {
  named: readonly string[];
  wants: readonly string[];
  environment: Record<string, string | undefined>;
}): BuildSecret[] {
  const { named, wants, environment } = parts;
  const faults: string[] = [];
  const secrets = new Map<string, string>();
  for (const text of named) {
    const [id = '', ...rest] = text.split('=');
    const file = rest.length === 0 ? null : rest.join('=');
    if (!ID.test(id))
      faults.push(`"${id}" can be no name of a secret: letters, digits and "_", such as NPM_TOKEN.`);
    else if (secrets.has(id)) faults.push(`${id} is given twice.`);
    else keep(id, file === null ? ofEnvironment(id) : ofFile(id, file));
  }
  for (const id of wants) if (!secrets.has(id) && !isNamed(id)) keep(id, ofEnvironment(id));
  if (faults.length === 0) return [...secrets].map(([id, value]) => ({ id, value }));
  throw new CliFailure(
    ['Not all secrets of the build are there:', ...faults.map((fault) => `  ${fault}`)].join('\n'),
    {
      advice: 'Set the environment variable of that name, or name a file: --build-secret NAME=FILE',
    },
  );

  function isNamed(id: string): boolean {
    return named.some((text) => text.split('=')[0] === id);
  }
  function keep(id: string, value: string | null): void {
    if (value === null) return;
    if (value === '') faults.push(`${id} is empty.`);
    else if (Buffer.byteLength(value) > LONGEST_BYTES) faults.push(`${id} is longer than 16 KiB.`);
    else secrets.set(id, value);
  }
  function ofEnvironment(id: string): string | null {
    const value = environment[id];
    if (value !== undefined) return value;
    faults.push(`${id} is not set${wants.includes(id) ? ', and the project’s brainpod.toml names it' : ''}.`);
    return null;
  }
  function ofFile(id: string, file: string): string | null {
    try {
      return readFileSync(file, 'utf8');
    } catch (error) {
      faults.push(`${id}: ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
}
