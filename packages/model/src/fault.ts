/** One thing wrong with an input. `path` points into the input, like `spec.env[2].name`; "" is the whole. */
export type Fault = { path: string; message: string };

/** The outcome of parsing: the value, or everything that is wrong with it at once. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; faults: Fault[] };

export function valid<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export function invalid<T>(message: string, path = ''): Parsed<T> {
  return { ok: false, faults: [{ path, message }] };
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_-]*$/;
const INDEX = /^(0|[1-9][0-9]*)$/;

/**
 * Appends one step to a path: `spec` + `env` is `spec.env`, + 2 is `spec.env[2]`; a key with other
 * characters is quoted, `spec.files["nginx.conf"]`.
 */
export function joinPath(path: string, step: string | number): string {
  if (typeof step === 'number') return `${path}[${step}]`;
  if (!PLAIN_KEY.test(step)) return `${path}[${JSON.stringify(step)}]`;
  return path === '' ? step : `${path}.${step}`;
}

/** Turns a JSON pointer into a path; needs the value it points into to tell a list's index from a key. */
export function pathOfPointer(pointer: string, root: unknown): string {
  let path = '';
  let current = root;
  for (const raw of pointer.split('/').slice(1)) {
    const step = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const isIndex = Array.isArray(current) && INDEX.test(step);
    path = joinPath(path, isIndex ? Number(step) : step);
    current = childOf(current, step);
  }
  return path;
}

/** The member of an object or list, undefined where there is none. */
export function childOf(value: unknown, step: string): unknown {
  if (Array.isArray(value)) return INDEX.test(step) ? value[Number(step)] : undefined;
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Puts faults under a place in a larger input: prefix `0` makes `spec.image` into `0.spec.image`. */
export function underPath(prefix: string, faults: readonly Fault[]): Fault[] {
  return faults.map(({ path, message }) => {
    if (path === '') return { path: prefix, message };
    return { path: path.startsWith('[') ? `${prefix}${path}` : `${prefix}.${path}`, message };
  });
}
