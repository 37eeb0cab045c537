import { parse } from 'smol-toml';

export type Table = Readonly<Record<string, unknown>>;

/** Null where the text is no TOML. */
export function readToml(text: string): Table | null {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** The table at a path of keys; empty where there is none. */
export function tableAt(table: Table, ...path: readonly string[]): Table {
  let current = table;
  for (const key of path) {
    const next = Object.hasOwn(current, key) ? current[key] : undefined;
    if (!isTable(next)) return {};
    current = next;
  }
  return current;
}

/** The text at a key; null where there is none, or something else. */
export function textAt(table: Table, key: string): string | null {
  const value = Object.hasOwn(table, key) ? table[key] : undefined;
  return typeof value === 'string' ? value : null;
}

/** The texts of the list at a key, without what is no text. */
export function textsAt(table: Table, key: string): string[] {
  const value = Object.hasOwn(table, key) ? table[key] : undefined;
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
