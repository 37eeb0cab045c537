import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import { createDatabase, type DatabaseAddress } from './postgres.ts';
import { TEMPLATE_DATABASE } from './postgres-setup.ts';

/** A migrated database of its own for the calling test file, on the run's PostgreSQL. */
export function createTestDatabase(): Promise<DatabaseAddress> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  return createDatabase(inject('postgresSocketDir'), name, TEMPLATE_DATABASE);
}
