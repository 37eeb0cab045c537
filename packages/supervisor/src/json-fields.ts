/** A value that came from outside (a file, a socket) has not the shape it must have. */
export class JsonFault extends Error {}

export type JsonObject = { readonly [field: string]: unknown };

/** The value as an object, or a JsonFault that says what it should have been. */
export function jsonObject(value: unknown, what: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonFault(`${what} must be a JSON object`);
  }
  return { ...value };
}

export function requiredString(object: JsonObject, field: string): string {
  const value = object[field];
  if (typeof value !== 'string' || value === '') throw new JsonFault(`${field} must be a text`);
  return value;
}

export function optionalString(object: JsonObject, field: string): string | undefined {
  return object[field] === undefined || object[field] === null ? undefined : requiredString(object, field);
}

export function requiredNumber(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new JsonFault(`${field} must be a number`);
  return value;
}

export function optionalNumber(object: JsonObject, field: string): number | undefined {
  return object[field] === undefined || object[field] === null ? undefined : requiredNumber(object, field);
}

export function requiredPort(object: JsonObject, field: string): number {
  const value = requiredNumber(object, field);
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw new JsonFault(`${field} must be a port, 1 to 65535`);
  return value;
}

export function requiredArray(object: JsonObject, field: string): readonly unknown[] {
  const value = object[field];
  if (!Array.isArray(value)) throw new JsonFault(`${field} must be a list`);
  return value;
}

/** The value of a field that may only be one of the given words. */
export function requiredWord<Word extends string>(
  object: JsonObject,
  field: string,
  words: readonly Word[],
): Word {
  const value = object[field];
  const known = words.find((word) => word === value);
  if (known === undefined) throw new JsonFault(`${field} must be one of ${words.join(', ')}`);
  return known;
}
