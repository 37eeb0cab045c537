import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { childOf, type Fault, isRecord, joinPath, type Parsed, pathOfPointer } from './fault.ts';

// TypeBox stops after 8 errors by default; people are to see all faults at once. The bound is for an
// input made to produce endless ones.
const MAX_ERRORS = 1000;
Settings.Set({ maxErrors: MAX_ERRORS });

/** A schema made ready for checking: gives the cleaned value or all faults as sentences. */
export type Validator<T> = (input: unknown) => Parsed<T>;

/**
 * Compiles a schema. The validator fills defaults and drops keys the schema doesn't name; the input
 * itself is never changed.
 */
export function validatorOf<const S extends TSchema>(schema: S): Validator<Static<S>> {
  const compiled = Compile(schema);
  return (input) => {
    if (!compiled.Check(input)) {
      return { ok: false, faults: sentences(schema, compiled.Errors(input), input) };
    }
    // What is checked is JSON. TypeBox's own clone would lose keys such as `constructor`.
    const copy: unknown = JSON.parse(JSON.stringify(input));
    const value: unknown = Value.Clean(schema, Value.Default(schema, copy));
    // Checked above; defaults and cleaning keep a valid value valid, and this holds it to that.
    if (!compiled.Check(value)) throw new Error('a checked document no longer fits its schema once cleaned');
    return { ok: true, value };
  };
}

function sentences(schema: TSchema, errors: TLocalizedValidationError[], input: unknown): Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of withoutOtherBranches(schema, errors, input)) {
    for (const fault of faultsOf(schema, error, input)) {
      if (!faults.has(fault.path)) faults.set(fault.path, fault);
    }
  }
  return [...faults.values()];
}

function faultsOf(schema: TSchema, error: TLocalizedValidationError, input: unknown): Fault[] {
  const path = pathOfPointer(error.instancePath, input);
  const failed = resolveSchema(schema, error.schemaPath);
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((property) => {
        const expected = describe(childOf(childOf(failed, 'properties'), property));
        return { path: joinPath(path, property), message: `Is missing. It must be ${expected}.` };
      });
    case 'additionalProperties':
      return error.params.additionalProperties.map((property) => ({
        path: joinPath(path, property),
        message: 'Is not a field that exists here.',
      }));
    case '~refine':
      return [{ path, message: error.message }];
    default: {
      const actual = valueAt(input, error.instancePath);
      return [{ path, message: `Must be ${describe(failed)}${butItIs(error.keyword, actual)}.` }];
    }
  }
}

/**
 * Of a union, keeps the errors of the branch that the input most looks like, so that a person reads
 * what is wrong with what they meant and not how it differs from every alternative.
 */
function withoutOtherBranches(
  schema: TSchema,
  errors: TLocalizedValidationError[],
  input: unknown,
): TLocalizedValidationError[] {
  let kept = errors;
  for (const union of errors.filter((error) => error.keyword === 'anyOf')) {
    const branches = childOf(resolveSchema(schema, union.schemaPath), 'anyOf');
    if (!Array.isArray(branches)) continue;
    const chosen = closestBranch(branches, valueAt(input, union.instancePath));
    const inUnion = `${union.schemaPath}/anyOf/`;
    const inChosen = `${inUnion}${chosen}`;
    kept = kept.filter((error) => {
      if (!isAt(error.instancePath, union.instancePath)) return true;
      if (error === union) return chosen === undefined;
      if (!error.schemaPath.startsWith(inUnion)) return true;
      return error.schemaPath === inChosen || error.schemaPath.startsWith(`${inChosen}/`);
    });
  }
  return kept;
}

function isAt(instancePath: string, place: string): boolean {
  return instancePath === place || instancePath.startsWith(`${place}/`);
}

function closestBranch(branches: unknown[], value: unknown): number | undefined {
  let best: { index: number; score: number } | undefined;
  for (const [index, branch] of branches.entries()) {
    const score = likeness(branch, value);
    if (score !== undefined && (best === undefined || score > best.score)) best = { index, score };
  }
  return best?.index;
}

function likeness(branch: unknown, value: unknown): number | undefined {
  const properties = childOf(branch, 'properties');
  if (!isRecord(properties)) return childOf(branch, 'type') === typeof value ? 0 : undefined;
  if (!isRecord(value)) return undefined;
  let score = 0;
  for (const [name, property] of Object.entries(properties)) {
    if (!Object.hasOwn(value, name)) continue;
    const constant = childOf(property, 'const');
    if (constant !== undefined && constant !== value[name]) return undefined;
    const listWanted = childOf(property, 'type') === 'array';
    score += Array.isArray(value[name]) === listWanted ? 1 : 0;
  }
  return score > 0 ? score : undefined;
}

function resolveSchema(schema: TSchema, schemaPath: string): unknown {
  let current: unknown = schema;
  for (const step of schemaPath.split('/').slice(1)) current = childOf(current, step);
  return current;
}

function valueAt(input: unknown, pointer: string): unknown {
  let current = input;
  for (const raw of pointer.split('/').slice(1)) {
    current = childOf(current, raw.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return current;
}

/** What a schema asks for, as a noun phrase: "a whole number from 1 to 10". */
function describe(schema: unknown): string {
  const description = childOf(schema, 'description');
  if (typeof description === 'string') return description;
  const constant = childOf(schema, 'const');
  if (constant !== undefined) return JSON.stringify(constant);
  const allowed = childOf(schema, 'enum');
  if (Array.isArray(allowed)) return `one of ${allowed.map((value) => JSON.stringify(value)).join(', ')}`;
  const branches = childOf(schema, 'anyOf');
  if (Array.isArray(branches)) return branches.map(describe).join(', or ');
  switch (childOf(schema, 'type')) {
    case 'string':
      return `text${rangeOf(schema, 'minLength', 'maxLength', 'character')}`;
    case 'integer':
      return `a whole number${rangeOf(schema, 'minimum', 'maximum')}`;
    case 'array':
      return `a list${rangeOf(schema, 'minItems', 'maxItems', 'entry', 'entries')}`;
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'object':
      return describeObject(schema);
    default:
      return 'a different value';
  }
}

function describeObject(schema: unknown): string {
  const properties = childOf(schema, 'properties');
  if (!isRecord(properties)) return 'an object that maps names to text';
  const fields = Object.entries(properties).map(([name, property]) => {
    const constant = childOf(property, 'const');
    return constant === undefined ? name : `${name} ${JSON.stringify(constant)}`;
  });
  return `an object with ${fields.join(', ')}`;
}

function rangeOf(schema: unknown, low: string, high: string, unit?: string, units = `${unit}s`): string {
  const from = childOf(schema, low);
  const to = childOf(schema, high);
  const counted = (count: unknown) => (unit === undefined ? '' : ` ${count === 1 ? unit : units}`);
  const link = unit === undefined ? ' from ' : ' of ';
  if (from !== undefined && to !== undefined) return `${link}${from} to ${to}${counted(to)}`;
  if (from !== undefined) return `${unit === undefined ? ' of' : ' with'} at least ${from}${counted(from)}`;
  if (to !== undefined) return `${unit === undefined ? ' of' : ' with'} at most ${to}${counted(to)}`;
  return '';
}

/** Says what was found instead. Texts are never repeated: they may be somebody's password. */
function butItIs(keyword: string, actual: unknown): string {
  if (typeof actual === 'number') return `, but it is ${actual}`;
  if (keyword === 'const' || keyword === 'enum' || keyword === 'pattern') return '';
  if (actual === null) return ', but it is null';
  if (Array.isArray(actual)) return `, but it is a list${keyword === 'type' ? '' : ` of ${actual.length}`}`;
  if (typeof actual === 'object') return ', but it is an object';
  if (typeof actual === 'string')
    return actual === '' ? ', but it is empty' : keyword === 'type' ? ', but it is text' : '';
  return typeof actual === 'boolean' ? `, but it is ${actual}` : '';
}
