import { randomBytes } from 'node:crypto';
import { clientConfig } from '@brainpod/store/connection';
import pg from 'pg';
import { inject } from 'vitest';
import { createDatabase, type DatabaseAddress } from './postgres.ts';
import { TEMPLATE_DATABASE } from './postgres-setup.ts';

/** A migrated database of its own for the calling test file, on the run's PostgreSQL. */
export function createTestDatabase(): Promise<DatabaseAddress> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  return createDatabase(inject('postgresSocketDir'), name, TEMPLATE_DATABASE);
}

/** Asks a database directly, past the store. */
export async function queryDatabase(
  address: DatabaseAddress,
  text: string,
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(clientConfig(address));
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Holds what a statement locks, until it is released. */
export async function holdLock(
  address: DatabaseAddress,
  statement: string,
): Promise<{ release: () => Promise<void> }> {
  const client = new pg.Client(clientConfig(address));
  await client.connect();
  await client.query('begin');
  await client.query(statement);
  return {
    release: async () => {
      await client.query('rollback');
      await client.end();
    },
  };
}
