import type { Static } from 'typebox';
import { databaseSpec } from './database-spec.ts';
import { addressableResourceOf } from './envelope.ts';

export const PostgresSchema = addressableResourceOf('Postgres', databaseSpec('16'));
export type PostgresDocument = Static<typeof PostgresSchema>;
