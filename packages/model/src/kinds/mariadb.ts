import type { Static } from 'typebox';
import { databaseSpec } from './database-spec.ts';
import { addressableResourceOf } from './envelope.ts';

export const MariaDbSchema = addressableResourceOf('MariaDB', databaseSpec('11'));
export type MariaDbDocument = Static<typeof MariaDbSchema>;
