import { canonicalJson } from '@brainpod/model/canonical-json';
import { HTTP_STATUS } from '@brainpod/model/errors';
import { isRecord } from '@brainpod/model/fault';
import { INSTANCE_NAMES } from '@brainpod/model/instance-size';
import { KINDS, RESOURCE_NAMESPACE } from '@brainpod/model/kind';
import type { TSchema } from 'typebox';
import type { Operation } from './operation.ts';
import type { Access, ResponseSpec } from './operation-facts.ts';
import { COMPONENTS } from './schemas.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

const TAGS = [
  'users',
  'keys',
  'pods',
  'blueprints',
  'clusters',
  'revisions',
  'resources',
  'domains',
  'events',
  'images',
  'builds',
  'audit',
  'operator',
];

const ERROR_DESCRIPTIONS: Record<number, string> = {
  400: 'The request is malformed (BAD_REQUEST) or its input has faults (VALIDATION_ERROR)',
  401: 'The API key is missing or not valid',
  403: 'The API key does not allow this',
  404: 'There is no such thing, or the API key may not know of it',
  412: 'The state of things does not allow this',
  413: 'The body is too large',
  429: 'Too many requests with this API key',
  500: 'A fault of the platform',
  503: 'A part of the platform is not reachable right now; try again',
  504: 'It took too long; try again',
};

const PATH_PARAMETERS: Record<string, JsonObject> = {
  build: { type: 'string', description: 'The id of a build' },
  domain: { type: 'string', description: 'A domain of its own that a Route names' },
  pod: { type: 'string', description: 'The name of a pod' },
  registry: { type: 'string', description: 'The host of a registry as it stands in the names of images' },
  revision: { type: 'string', description: 'The id of a revision' },
  blueprint: { type: 'string', description: 'The id of a blueprint' },
  kind: { type: 'string', enum: [...KINDS], description: 'The kind of the resource' },
  namespace: { type: 'string', const: RESOURCE_NAMESPACE },
  name: { type: 'string', description: 'The name of the resource' },
  size: { type: 'string', enum: [...INSTANCE_NAMES], description: 'The name of a size' },
  cluster: { type: 'string', description: 'The id of a cluster' },
  key: { type: 'string', description: 'The id of an API key' },
  identifier: { type: 'string', description: 'The name, the URN or the UUID of a resource' },
};

const IDEMPOTENCY_KEY: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'A name for this request, new for each, such as a UUID. Sent again with the same one within 24 hours, by the same API key, it does nothing twice and gets the same answer, with `Idempotency-Replayed: true`. Refused requests can be sent again.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};

/** The OpenAPI document, made of the very schemas that read requests. The same operations give the same document. */
export function openApiDocument(operations: readonly Operation[]): JsonObject {
  const names = componentNames();
  const paths: { [path: string]: JsonObject } = {};
  for (const operation of operations) {
    const path = paths[operation.path] ?? {};
    path[operation.method.toLowerCase()] = operationObject(operation, names);
    paths[operation.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Brainpod API', version: '1.0.0' },
    servers: [{ url: '/' }],
    tags: TAGS.map((name) => ({ name })),
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: brain_…' } },
      schemas: Object.fromEntries(
        Object.entries(COMPONENTS).map(([name, schema]) => [name, membersReferenced(plain(schema), names)]),
      ),
      responses: Object.fromEntries(
        errorStatuses().map((status) => [`Error${status}`, errorResponse(status)]),
      ),
    },
  };
}

function operationObject(operation: Operation, names: ReadonlyMap<string, string>): JsonObject {
  const { body } = operation;
  const actions = actionsOf(operation.access);
  const successes = Object.entries(operation.responses).map(([status, spec]) => [
    status,
    response(spec, names),
  ]);
  const errors = errorStatuses().map((status) => [status, { $ref: `#/components/responses/Error${status}` }]);
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    ...(actions.length === 0 ? {} : { 'x-brainpod-actions': actions }),
    parameters: [
      ...pathParameters(operation.path),
      ...queryParameters(operation, names),
      ...headerParameters(operation),
    ],
    ...(body.mediaTypes === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.fromEntries(body.mediaTypes.map((type) => [type, {}])),
          },
        }),
    ...(body.schema === null
      ? {}
      : {
          requestBody: {
            required: body.required,
            content: jsonContent(referenced(plain(body.schema), names)),
          },
        }),
    responses: Object.fromEntries([...successes, ...errors]),
  };
}

/** What a key must allow; what only some parameters need is not among it. */
function actionsOf(access: Access): string[] {
  if (access.scope === 'pod') return [...access.pod.actions];
  if (access.scope === 'operator') return [access.operator.action];
  return access.scope === 'account' && access.account.grant !== 'any-key' ? [access.account.action] : [];
}

function pathParameters(path: string): JsonObject[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => {
    const schema = PATH_PARAMETERS[name];
    if (schema === undefined) throw new Error(`the path parameter ${name} of ${path} is not described`);
    return { name, in: 'path', required: true, schema };
  });
}

function queryParameters(operation: Operation, names: ReadonlyMap<string, string>): JsonObject[] {
  const schema = plain(operation.query);
  const properties = isRecord(schema.properties) ? Object.keys(schema.properties) : [];
  const required: unknown = schema.required;
  return properties.map((name) => ({
    name,
    in: 'query',
    required: Array.isArray(required) && required.includes(name),
    schema: referenced(memberOf(schema.properties, name), names),
  }));
}

function headerParameters({ method, ifMatch }: Operation): JsonObject[] {
  return [
    ...(method === 'POST' ? [IDEMPOTENCY_KEY] : []),
    ...(ifMatch === undefined ? [] : [ifMatchParameter(ifMatch)]),
  ];
}

function ifMatchParameter(subject: string): JsonObject {
  return {
    name: 'If-Match',
    in: 'header',
    required: false,
    description: `The ETag of ${subject}, or several, or \`*\`. When it has another one now, nothing is done (412).`,
    schema: { type: 'string', minLength: 1 },
  };
}

function response(spec: ResponseSpec, names: ReadonlyMap<string, string>): JsonObject {
  const headers = Object.entries(spec.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  return {
    description: spec.description,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) }),
    content: {
      [spec.isStream === true ? 'text/event-stream' : 'application/json']: {
        schema: referenced(plain(spec.schema), names),
      },
    },
  };
}

function errorResponse(status: number): JsonObject {
  const description = ERROR_DESCRIPTIONS[status];
  if (description === undefined) throw new Error(`the error status ${status} is not described`);
  return { description, content: jsonContent({ $ref: '#/components/schemas/Error' }) };
}

function errorStatuses(): number[] {
  return [...new Set<number>(Object.values(HTTP_STATUS))].sort((a, b) => a - b);
}

function jsonContent(schema: Json): JsonObject {
  return { 'application/json': { schema } };
}

/** The components' names by what they look like. Of two that look alike the first is meant. */
function componentNames(): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const [name, schema] of Object.entries(COMPONENTS)) {
    const text = canonicalJson(plain(schema));
    if (!names.has(text)) names.set(text, name);
  }
  return names;
}

/** The schema with every component in it, itself included, replaced by a reference. */
function referenced(schema: Json, names: ReadonlyMap<string, string>): Json {
  const name = names.get(canonicalJson(schema));
  return name === undefined ? membersReferenced(schema, names) : { $ref: `#/components/schemas/${name}` };
}

function membersReferenced(schema: Json, names: ReadonlyMap<string, string>): Json {
  if (Array.isArray(schema)) return schema.map((member) => referenced(member, names));
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(Object.entries(schema).map(([key, member]) => [key, referenced(member, names)]));
}

/** The schema as plain JSON, without what the schema library keeps on the side. */
function plain(schema: TSchema): JsonObject {
  // A parse boundary: JSON.parse gives JSON, and a schema is an object.
  return JSON.parse(JSON.stringify(schema)) as JsonObject;
}

function memberOf(value: Json | undefined, key: string): Json {
  return value !== undefined && value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value[key] ?? {})
    : {};
}
