import pg from 'pg';

// A client keeps what it has prepared until it ends. Statements of which there are many, such as those that write a
// batch of any size, must not fill it up.
const MOST_STATEMENTS = 300;
const MOST_CHARACTERS = 5_000;

/** One name for each text, on all clients of this process. */
const names = new Map<string, string>();

/**
 * A client for which PostgreSQL parses and plans each statement once, not at every call: the statements of our reads
 * are long, always the same, and answered faster than they are planned.
 */
export class PreparingClient extends pg.Client {
  // The driver's own signature has a dozen forms. Of these only `query(text, values)` is changed on its way.
  override query(...args: unknown[]): never {
    const [text, values, ...rest] = args;
    const name = typeof text === 'string' && Array.isArray(values) ? nameOf(text) : null;
    const passed = name === null ? args : [{ name, text, values }, ...rest];
    return Reflect.apply(super.query, this, passed) as never;
  }
}

function nameOf(text: string): string | null {
  const known = names.get(text);
  if (known !== undefined) return known;
  if (names.size >= MOST_STATEMENTS || text.length > MOST_CHARACTERS) return null;
  const name = `s${names.size}`;
  names.set(text, name);
  return name;
}
