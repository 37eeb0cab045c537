import { readDocuments } from '../documents.ts';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';

/** An input as it stands on the command line. */
export type Assignment = { name: string; value: string };

type Given = { file?: string; name?: string; set?: readonly Assignment[] };

/**
 * Puts together the input of a blueprint: the file, then what was set, then the name. What was set becomes of the type
 * that the blueprint's schema says, which is asked for only then. Whether it fits is for the API to say. Throws
 * CliFailure where the file holds no single object.
 */
export async function blueprintInput(
  { file, name, set = [] }: Given,
  { io, schema }: { io: Io; schema: () => Promise<unknown> },
): Promise<Record<string, unknown>> {
  const fromFile = file === undefined ? {} : await readInput(file, io);
  const properties = set.length === 0 ? undefined : memberOf(await schema(), 'properties');
  const assigned = set.map((each) => [each.name, typedValue(memberOf(properties, each.name), each.value)]);
  return { ...fromFile, ...Object.fromEntries(assigned), ...(name === undefined ? {} : { name }) };
}

async function readInput(file: string, io: Io): Promise<object> {
  const [input, ...more] = await readDocuments(file, io);
  if (typeof input === 'object' && input !== null && more.length === 0) return input;
  const source = file === '-' ? 'standard input' : file;
  throw new CliFailure(
    `The inputs must be one object, such as "name: shop", and ${source} holds something else.`,
  );
}

function typedValue(schema: unknown, text: string): unknown {
  switch (memberOf(schema, 'type')) {
    case 'integer':
      return /^-?\d{1,15}$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'array':
      return text === '' ? [] : text.split(',').map((item) => item.trim());
    default:
      return text;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}
