import type { Fault } from '../fault.ts';

/**
 * A rule between the fields of one document, which a JSON schema cannot say. It is asked only when
 * the places in `reads` hold what the schema asks for, so that it may rely on them even while
 * other parts of the document are at fault.
 */
export type Rule<D> = { reads: readonly string[]; check: (document: D) => Fault[] };

/** A fault for each value that came before, at the path that `pathOf` gives for its index. */
export function duplicates(
  values: readonly string[],
  pathOf: (index: number) => string,
  messageOf: (first: string) => string,
): Fault[] {
  const firstAt = new Map<string, number>();
  const faults: Fault[] = [];
  for (const [index, value] of values.entries()) {
    const first = firstAt.get(value);
    if (first === undefined) firstAt.set(value, index);
    else faults.push({ path: pathOf(index), message: messageOf(pathOf(first)) });
  }
  return faults;
}
