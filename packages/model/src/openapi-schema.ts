import type { TSchema } from 'typebox';
import { isRecord } from './fault.ts';
import { AppInputSchema } from './kinds/app.ts';
import { ConfigInputSchema } from './kinds/config.ts';
import { RouteDocumentSchema, RouteInputSchema } from './kinds/route.ts';
import { PolicySchema } from './policy.ts';
import { VARIABLES_BY_KIND } from './variables.ts';

export type JsonSchema = { [keyword: string]: unknown };

/**
 * Plain JSON Schemas for the OpenAPI document. Clients follow no `$ref` within ResourceInput, so its
 * branches stand inline, each told apart by `properties.kind.const`.
 */
export function resourceSchemas(): {
  ResourceInput: JsonSchema;
  ResourceDocument: JsonSchema;
  Policy: JsonSchema;
} {
  return {
    ResourceInput: {
      oneOf: [
        withVariables('App', AppInputSchema),
        withVariables('Config', ConfigInputSchema),
        withVariables('Route', RouteInputSchema),
      ],
    },
    ResourceDocument: {
      oneOf: [plain(AppInputSchema), plain(ConfigInputSchema), plain(RouteDocumentSchema)],
    },
    Policy: plain(PolicySchema),
  };
}

function withVariables(kind: keyof typeof VARIABLES_BY_KIND, schema: TSchema): JsonSchema {
  const variables = VARIABLES_BY_KIND[kind].map(({ name, secret, description }) => ({
    name,
    ref: `\${<name>.${name}}`,
    secret,
    description,
  }));
  return { ...plain(schema), 'x-brainpod-variables': variables };
}

/** A copy with JSON's own members only, without what the schema library keeps on the side. */
function plain(schema: TSchema): JsonSchema {
  const copy: unknown = JSON.parse(JSON.stringify(schema));
  if (!isRecord(copy)) throw new Error('a schema is always an object');
  return copy;
}
