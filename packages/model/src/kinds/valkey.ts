import type { Static } from 'typebox';
import { databaseSpec } from './database-spec.ts';
import { addressableResourceOf } from './envelope.ts';

export const ValkeySchema = addressableResourceOf('Valkey', databaseSpec('9'));
export type ValkeyDocument = Static<typeof ValkeySchema>;
