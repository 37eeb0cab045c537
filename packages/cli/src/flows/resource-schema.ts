import { CliFailure } from '../failure.ts';

type Schema = ReadonlyMap<string, unknown>;
export type FieldLine = { path: string; type: string; required: boolean; description: string };

const TIMEOUT_MS = 5000;

/** The schemas of the kinds that an API takes, read from its own description. Throws CliFailure where that fails. */
export async function readResourceSchemas(url: string): Promise<Map<string, unknown>> {
  let document: unknown;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!answer.ok) throw new CliFailure(`${url} answered ${answer.status}.`);
    document = await answer.json();
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw new CliFailure(`The description of the API at ${url} cannot be read.`, { cause: error });
  }
  const input = at(document, 'components', 'schemas', 'ResourceInput');
  const branches = fields(input).get('oneOf');
  if (!Array.isArray(branches)) throw new CliFailure(`${url} describes no resources.`);
  return new Map(
    branches.flatMap((branch): [string, unknown][] => {
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
