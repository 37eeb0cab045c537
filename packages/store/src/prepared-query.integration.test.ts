import { createTestDatabase } from '@brainpod/testkit/test-database';
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PreparedQuery } from './prepared-query.ts';
import type { Database, Tables } from './tables.ts';

let db: Database;

beforeAll(async () => {
  const pool = new pg.Pool(await createTestDatabase());
  db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  for (const name of ['first', 'second'])
    await sql`insert into retired_pod_name (name) values (${name})`.execute(db);
});

afterAll(() => db.destroy());

const byName = new PreparedQuery({ name: 'a name' }, (on, { name }) =>
  on.selectFrom('retired_pod_name').select('name').where('name', '=', name).where('name', '!=', 'third'),
);

describe('a prepared query', () => {
  it('answers each call for its own parameters', async () => {
    expect(await byName.run(db, { name: 'first' })).toEqual([{ name: 'first' }]);
    expect(await byName.run(db, { name: 'second' })).toEqual([{ name: 'second' }]);
    expect(await byName.run(db, { name: 'third' })).toEqual([]);
  });

  it('is put together once', async () => {
    let built = 0;
    const counted = new PreparedQuery({ name: 'a name' }, (on, { name }) => {
      built += 1;
      return on.selectFrom('retired_pod_name').select('name').where('name', '=', name);
    });
    await Promise.all(['first', 'second', 'first'].map((name) => counted.run(db, { name })));
    expect(built).toBe(1);
  });

  it('is asked within the transaction that it is given', async () => {
    const undo = new Error('undo');
    const work = db.transaction().execute(async (trx) => {
      await trx.deleteFrom('retired_pod_name').where('name', '=', 'first').execute();
      expect(await byName.run(trx, { name: 'first' })).toEqual([]);
      throw undo;
    });
    await expect(work).rejects.toBe(undo);
    expect(await byName.run(db, { name: 'first' })).toEqual([{ name: 'first' }]);
  });

  it('fails when a parameter does not get into the statement', async () => {
    const wrong = new PreparedQuery({ name: 'a name' }, (on) =>
      on.selectFrom('retired_pod_name').select('name'),
    );
    await expect(wrong.run(db, { name: 'first' })).rejects.toThrow('does not use its parameter "name"');
  });
});
