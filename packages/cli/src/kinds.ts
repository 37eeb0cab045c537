import { InvalidArgumentError } from 'commander';

/** Kinds as people write them on the command line, and as the API has them in paths. */
export const KIND_OF_NAME: ReadonlyMap<string, string> = new Map(
  ['App', 'Config', 'Route', 'Postgres', 'MariaDB', 'Valkey', 'Disk', 'MSSQL'].map((kind) => [
    kind.toLowerCase(),
    kind,
  ]),
);

export const KIND_NAMES: readonly string[] = [...KIND_OF_NAME.keys()];

/** For commander: refuses a kind that there is not. */
export function parseKind(text: string): string {
  const kind = KIND_OF_NAME.get(text.toLowerCase());
  if (kind === undefined) throw new InvalidArgumentError(`Known kinds: ${KIND_NAMES.join(', ')}.`);
  return kind;
}

/** For commander: a whole number within limits. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`A whole number from ${least} to ${most}.`);
  };
}
