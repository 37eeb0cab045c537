import type { CompiledQuery } from 'kysely';
import type { Database } from './tables.ts';

type Parameters = Readonly<Record<string, string | Buffer>>;
type Statement<P, Row> = { compiled: CompiledQuery<Row>; slots: readonly Slot<P>[] };
/** What stands in one place of a statement: always the same value, or a parameter. */
type Slot<P> = { constant: unknown } | { name: keyof P };

/**
 * A statement that is put together once, at its first use, and from then on only gets other parameters: to put a long one
 * together takes this process longer than PostgreSQL takes to answer it.
 */
export class PreparedQuery<P extends Parameters, Row> {
  readonly #samples: P;
  readonly #build: (db: Database, parameters: P) => { compile(): CompiledQuery<Row> };
  #statement: Statement<P, Row> | null = null;

  /** The samples stand for the parameters while it is put together; no constant in it may be the same. */
  constructor(samples: P, build: (db: Database, parameters: P) => { compile(): CompiledQuery<Row> }) {
    this.#samples = samples;
    this.#build = build;
  }

  async run(db: Database, parameters: P): Promise<Row[]> {
    this.#statement ??= this.#prepare(db);
    const { compiled, slots } = this.#statement;
    const values = slots.map((slot) => ('name' in slot ? parameters[slot.name] : slot.constant));
    const { rows } = await db.executeQuery<Row>({ ...compiled, parameters: values });
    return rows;
  }

  #prepare(db: Database): Statement<P, Row> {
    const compiled = this.#build(db, this.#samples).compile();
    const names: (keyof P)[] = Object.keys(this.#samples);
    const slots = compiled.parameters.map((value): Slot<P> => {
      const name = names.find((candidate) => this.#samples[candidate] === value);
      return name === undefined ? { constant: value } : { name };
    });
    for (const name of names) {
      if (slots.some((slot) => 'name' in slot && slot.name === name)) continue;
      throw new Error(`the statement does not use its parameter "${String(name)}"`);
    }
    return { compiled, slots };
  }
}
