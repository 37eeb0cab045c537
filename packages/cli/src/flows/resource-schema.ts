import { embeddedResourceInput } from '@brainpod/api-client/resource-input';

type Schema = ReadonlyMap<string, unknown>;
export type FieldLine = { path: string; type: string; required: boolean; description: string };

const TIMEOUT_MS = 5000;

/** `source` tells whether an API was asked, or what this program brought along is shown. */
export type ResourceSchemas = { source: string; schemas: ReadonlyMap<string, unknown> };

/** The schemas of the kinds that an API takes, read from its own description; this program's own where that fails. */
export async function readResourceSchemas(url: string): Promise<ResourceSchemas> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const schemas = answer.ok
      ? schemasOf(at(await answer.json(), 'components', 'schemas', 'ResourceInput'))
      : null;
    if (schemas !== null && schemas.size > 0) return { source: url, schemas };
  } catch {
    // Any trouble with the other side is no reason to show nothing: the source tells which one is shown.
  }
  return { source: 'embedded', schemas: schemasOf(await embeddedResourceInput()) };
}

function schemasOf(input: unknown): Map<string, unknown> {
  const branches = fields(input).get('oneOf');
  return new Map(
    (Array.isArray(branches) ? branches : []).flatMap((branch): [string, unknown][] => {
      const kind = at(branch, 'properties', 'kind', 'const');
      return typeof kind === 'string' ? [[kind, branch]] : [];
    }),
  );
}

export function kindsIn(schemas: ReadonlyMap<string, unknown>): string[] {
  return [...schemas.keys()].sort();
}

/** One line for each field, depth first, with the path that an error would name. */
export function fieldLines(schema: unknown, path = ''): FieldLine[] {
  const properties = fields(at(schema, 'properties'));
  const required = fields(schema).get('required');
  return [...properties].flatMap(([name, inner]): FieldLine[] => {
    const here = path === '' ? name : `${path}.${name}`;
    const isRequired = Array.isArray(required) && required.includes(name);
    const line = {
      path: here,
      type: typeOf(inner),
      required: isRequired,
      description: textOf(inner, 'description'),
    };
    return [line, ...innerLines(inner, here)];
  });
}

function innerLines(schema: unknown, path: string): FieldLine[] {
  const items = fields(schema).get('items');
  if (items !== undefined) return innerLines(items, `${path}[]`);
  const choices = choicesOf(schema);
  if (choices.length === 0) return fieldLines(schema, path);
  const seen = new Set<string>();
  return choices
    .flatMap((choice) => innerLines(choice, path))
    .filter((line) => !seen.has(line.path) && seen.add(line.path));
}

function typeOf(schema: unknown): string {
  const own = fields(schema);
  if (own.has('const')) return JSON.stringify(own.get('const'));
  const values = own.get('enum');
  if (Array.isArray(values)) return values.join(' | ');
  const choices = choicesOf(schema);
  if (choices.length > 0) return [...new Set(choices.map(typeOf))].join(' | ');
  const type = own.get('type');
  if (type === 'array') return `list of ${typeOf(own.get('items'))}`;
  if (type === 'integer' || type === 'number') return `${type}${rangeOf(own)}`;
  return Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : 'object';
}

function rangeOf(schema: Schema): string {
  const least = schema.get('minimum');
  const most = schema.get('maximum');
  return least === undefined && most === undefined ? '' : ` ${String(least ?? '')}–${String(most ?? '')}`;
}

function choicesOf(schema: unknown): unknown[] {
  const own = fields(schema);
  const choices = own.get('oneOf') ?? own.get('anyOf');
  return Array.isArray(choices) ? choices : [];
}

function textOf(schema: unknown, name: string): string {
  const value = fields(schema).get(name);
  return typeof value === 'string' ? value : '';
}

function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((current, name) => fields(current).get(name), value);
}

function fields(value: unknown): Schema {
  return new Map<string, unknown>(
    typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [],
  );
}
