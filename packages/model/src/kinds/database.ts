import type { DatabaseKind } from '../kind.ts';
import type { MariaDbDocument } from './mariadb.ts';
import type { MssqlDocument } from './mssql.ts';
import type { PostgresDocument } from './postgres.ts';
import type { ValkeyDocument } from './valkey.ts';

/** A database of any kind. Inside the pod it is reached at its name, over TLS. */
export type DatabaseDocument = PostgresDocument | MariaDbDocument | ValkeyDocument | MssqlDocument;

/** The port at which a database of each kind is reached. */
export const DATABASE_PORTS: Record<DatabaseKind, number> = {
  Postgres: 5432,
  MariaDB: 3306,
  Valkey: 6379,
  MSSQL: 1433,
};

/** The user and the database that exist in each database; a Valkey has neither. */
export const DATABASE_USER = 'brainpod';
