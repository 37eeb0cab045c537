import { openStore } from '@brainpod/store/store';
import type { TestProject } from 'vitest/node';
import { PostgresServer } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the run's PostgreSQL has its unix socket. */
    postgresSocketDir: string;
  }
}

/** The migrated database that every test file gets a copy of. */
export const TEMPLATE_DATABASE = 'brainpod_template';

/** vitest's globalSetup: one PostgreSQL for the whole run, with a migrated database to copy. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await PostgresServer.create();
  try {
    const store = openStore({ connection: await server.createDatabase(TEMPLATE_DATABASE) });
    try {
      await store.migrate();
    } finally {
      await store.close();
    }
  } catch (error) {
    await server.remove();
    throw error;
  }
  project.provide('postgresSocketDir', server.socketDir);
  return () => server.remove();
}
