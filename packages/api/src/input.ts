import { ApiError } from '@brainpod/model/errors';
import { type Fault, isRecord, type Parsed, valid } from '@brainpod/model/fault';
import { type Validator, validatorOf } from '@brainpod/model/validate';
import Type, { type Static, type TObject, type TSchema } from 'typebox';
import { textFaults } from './text-faults.ts';

/** A body that an operation takes: the schema people read (null: none), and what reads it. */
export type BodySpec<B> = {
  required: boolean;
  schema: TSchema | null;
  /** Of a body that is no JSON: it is handed on as it comes. */
  mediaTypes?: readonly string[];
  parse: (input: unknown) => Parsed<B>;
};

/** A query string as it arrives: text, or a list of it where a name stands twice. */
export type QueryValues = Record<string, unknown>;

/** For operations without parameters that only read: whatever else is in the query is ignored. */
export const NO_QUERY = Type.Object({});
/** For operations without parameters that write: a mistyped `dryRun` must not write. */
export const EMPTY_QUERY = Type.Object({}, { additionalProperties: false });

/** No body is read. */
export const NO_BODY: BodySpec<undefined> = { required: false, schema: null, parse: () => valid(undefined) };
/** Nothing or `{}`. */
export const EMPTY_BODY: BodySpec<object> = {
  required: false,
  schema: null,
  parse: validatorOf(Type.Object({}, { additionalProperties: false })),
};

/** How large a body may be: one with resources, of which a Config alone may hold 1 MB of text that JSON can double. */
const DOCUMENTS_LIMIT_BYTES = 4 * 1024 * 1024;
/** The list of a source's files. */
const SOURCE_LIMIT_BYTES = 16 * 1024 * 1024;
/** Any other. */
const BODY_LIMIT_BYTES = 64 * 1024;

/** How large an operation's body may be. */
export function bodyLimitOf(operation: { takesDocuments?: true; takesSource?: true }): number {
  if (operation.takesSource === true) return SOURCE_LIMIT_BYTES;
  return operation.takesDocuments === true ? DOCUMENTS_LIMIT_BYTES : BODY_LIMIT_BYTES;
}

// More would tell nobody anything new.
const MAX_DETAILS = 100;

/** A body that its schema alone describes and reads. */
export function bodyOf<const S extends TSchema>(
  schema: S,
  options: { required: boolean },
): BodySpec<Static<S>> {
  return { ...options, schema, parse: validatorOf(schema) };
}

/** A VALIDATION_ERROR with all that is wrong with the input. */
export function validationError(faults: readonly Fault[], message = 'The input has faults.'): ApiError {
  const left = faults.length - MAX_DETAILS;
  return new ApiError(
    'VALIDATION_ERROR',
    left > 0 ? `${message} The first ${MAX_DETAILS} of ${faults.length}:` : message,
    {
      details: faults.slice(0, MAX_DETAILS),
    },
  );
}

/**
 * Reads queries by a schema; numbers are made of what looks like them. What it makes throws BAD_REQUEST (ApiError) on
 * faults.
 */
export function queryReader<const Q extends TObject>(schema: Q): (query: QueryValues) => Static<Q> {
  const validate = validatorOf<Q>(schema);
  // Most requests have no parameters, and to check and complete nothing takes as long as to check something.
  let empty: Parsed<Static<Q>> | null = null;
  return (query) => {
    const given = Object.entries(query);
    empty ??= validate({});
    const parsed = given.length > 0 ? parseQuery(given, schema, validate) : empty;
    if (parsed.ok) return parsed.value;
    throw new ApiError('BAD_REQUEST', 'The query parameters have faults.', { details: parsed.faults });
  };
}

function parseQuery<Q>(
  given: readonly [string, unknown][],
  schema: TObject,
  validate: Validator<Q>,
): Parsed<Q> {
  const values = Object.fromEntries(
    given.map(([name, value]) => [name, isInteger(schema, name) ? toNumber(value) : value]),
  );
  const faults = textFaults(values);
  return faults.length > 0 ? { ok: false, faults } : validate(values);
}

/** Reads the body. VALIDATION_ERROR (ApiError) with every fault. */
export function readBody<B>(spec: BodySpec<B>, body: unknown): B {
  if (spec.mediaTypes !== undefined) {
    const stream = spec.parse(body);
    if (!stream.ok) throw new ApiError('BAD_REQUEST', stream.faults.map(({ message }) => message).join(' '));
    return stream.value;
  }
  if (body === undefined && spec.required) {
    throw new ApiError('BAD_REQUEST', 'A JSON body is needed, with Content-Type: application/json.');
  }
  const input = body === undefined ? {} : body;
  const faults = textFaults(input);
  if (faults.length > 0) throw validationError(faults);
  const parsed = spec.parse(input);
  if (!parsed.ok) throw validationError(parsed.faults);
  return parsed.value;
}

function isInteger(schema: TObject, name: string): boolean {
  const property: unknown = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
  return isRecord(property) && property.type === 'integer';
}

function toNumber(value: unknown): unknown {
  return typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
}
