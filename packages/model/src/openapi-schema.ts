import type { TSchema } from 'typebox';
import { isRecord } from './fault.ts';
import { KINDS, type Kind } from './kind.ts';
import { AppInputSchema } from './kinds/app.ts';
import { ConfigInputSchema } from './kinds/config.ts';
import { DiskDocumentSchema, DiskInputSchema } from './kinds/disk.ts';
import { MariaDbSchema } from './kinds/mariadb.ts';
import { MssqlSchema } from './kinds/mssql.ts';
import { PostgresSchema } from './kinds/postgres.ts';
import { RouteDocumentSchema, RouteInputSchema } from './kinds/route.ts';
import { ValkeySchema } from './kinds/valkey.ts';
import { PolicySchema } from './policy.ts';
import { VARIABLES_BY_KIND } from './variables.ts';

export type JsonSchema = { [keyword: string]: unknown };

const INPUT_SCHEMAS: Record<Kind, TSchema> = {
  App: AppInputSchema,
  Config: ConfigInputSchema,
  Route: RouteInputSchema,
  Postgres: PostgresSchema,
  MariaDB: MariaDbSchema,
  Valkey: ValkeySchema,
  Disk: DiskInputSchema,
  MSSQL: MssqlSchema,
};

/** Each kind as it is sent to replace what is there: a Route has its host name. */
const REPLACEMENT_SCHEMAS: Record<Kind, TSchema> = { ...INPUT_SCHEMAS, Route: RouteDocumentSchema };

/** Each kind as it is kept, by its name. */
export const DOCUMENT_SCHEMAS: Record<Kind, TSchema> = { ...REPLACEMENT_SCHEMAS, Disk: DiskDocumentSchema };

/**
 * Plain JSON Schemas for the OpenAPI document. Clients follow no `$ref` within ResourceInput, so its
 * branches stand inline, each told apart by `properties.kind.const`.
 */
export function resourceSchemas(): {
  ResourceInput: JsonSchema;
  ResourceReplacement: JsonSchema;
  ResourceDocument: JsonSchema;
  Policy: JsonSchema;
} {
  return {
    ResourceInput: { oneOf: KINDS.map((kind) => withVariables(kind, INPUT_SCHEMAS[kind])) },
    ResourceReplacement: { oneOf: KINDS.map((kind) => plain(REPLACEMENT_SCHEMAS[kind])) },
    ResourceDocument: { oneOf: KINDS.map((kind) => plain(DOCUMENT_SCHEMAS[kind])) },
    Policy: plain(PolicySchema),
  };
}

function withVariables(kind: Kind, schema: TSchema): JsonSchema {
  const variables = VARIABLES_BY_KIND[kind].map(({ name, secret, description, template }) => ({
    name,
    ref: `\${<name>.${name}}`,
    secret,
    description,
    ...(template === undefined ? {} : { template }),
  }));
  return { ...plain(schema), 'x-brainpod-variables': variables };
}

/** A copy with JSON's own members only, without what the schema library keeps on the side. */
function plain(schema: TSchema): JsonSchema {
  const copy: unknown = JSON.parse(JSON.stringify(schema));
  if (!isRecord(copy)) throw new Error('a schema is always an object');
  return copy;
}
