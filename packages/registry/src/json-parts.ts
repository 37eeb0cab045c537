/** The value of a JSON text; null where it is none. */
export function parseJson(text: Buffer | string): unknown {
  try {
    return JSON.parse(text.toString());
  } catch (error) {
    // What is no JSON has no members; that it is none is said where it matters.
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** A member of an object; undefined where the value is no object or has no such member. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** A list that is a member of an object; empty where there is none. */
export function listIn(value: unknown, name: string): unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? list : [];
}
