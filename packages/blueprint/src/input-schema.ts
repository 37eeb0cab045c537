import { type Fault, isRecord, joinPath, type Parsed, underPath, valid } from '@brainpod/model/fault';
import { type Validator, validatorOf } from '@brainpod/model/validate';
import Type, { type Static, type TSchema } from 'typebox';
import type { JsonValue } from './json-value.ts';

// What an input may be. Descriptions are read as "Must be <description>." when an input is something else.

const Title = Type.String({ minLength: 1, maxLength: 60 });
const Description = Type.String({
  minLength: 1,
  maxLength: 300,
  pattern: '[^.]$',
  description: 'what the input must be, as words that follow "Must be", without a full stop',
});
const Count = Type.Integer({ minimum: 0 });
const closed = { additionalProperties: false } as const;

const Pattern = Type.Refine(
  Type.String({ minLength: 1 }),
  (pattern) => isPattern(pattern),
  () => 'Must be a regular expression.',
);

const textRules = {
  type: Type.Literal('string'),
  minLength: Type.Optional(Count),
  maxLength: Type.Optional(Count),
  pattern: Type.Optional(Pattern),
  enum: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
};

const TextInput = Type.Object(
  {
    ...textRules,
    title: Title,
    description: Description,
    examples: Type.Array(Type.String(), { minItems: 1 }),
  },
  closed,
);
const IntegerInput = Type.Object(
  {
    type: Type.Literal('integer'),
    title: Title,
    description: Description,
    minimum: Type.Integer(),
    maximum: Type.Integer(),
    examples: Type.Array(Type.Integer(), { minItems: 1 }),
  },
  closed,
);
const BooleanInput = Type.Object(
  {
    type: Type.Literal('boolean'),
    title: Title,
    description: Description,
    examples: Type.Array(Type.Boolean(), { minItems: 1 }),
  },
  closed,
);
const ListInput = Type.Object(
  {
    type: Type.Literal('array'),
    title: Title,
    description: Description,
    items: Type.Object({ ...textRules, description: Type.Optional(Description) }, closed),
    maxItems: Count,
    examples: Type.Array(Type.Array(Type.String()), { minItems: 1 }),
  },
  closed,
);

/** The schema of a blueprint's input: one level of texts, whole numbers, switches and lists of texts. */
export const InputSchemaSchema = Type.Object(
  {
    type: Type.Literal('object'),
    properties: Type.Record(
      Type.String({ pattern: '^[a-z][A-Za-z0-9]*$' }),
      Type.Union([TextInput, IntegerInput, BooleanInput, ListInput]),
    ),
    additionalProperties: Type.Literal(false),
  },
  closed,
);

export type InputSchema = Static<typeof InputSchemaSchema>;
export type Input = Readonly<Record<string, JsonValue>>;

type WithInputs = { inputSchema: InputSchema; defaults: Input };

/**
 * Reads what somebody sends as input: the defaults stand for what is left out. All faults at once, with paths from
 * the input on, such as `domains[0]`.
 */
export function parseInput({ inputSchema, defaults }: WithInputs, input: unknown): Parsed<Input> {
  if (!isRecord(input)) return { ok: false, faults: [{ path: '', message: 'Must be an object.' }] };
  const names = Object.keys(inputSchema.properties);
  const unknown = Object.keys(input).filter((name) => !Object.hasOwn(inputSchema.properties, name));
  const faults = unknown.map(
    (name): Fault => ({
      path: joinPath('', name),
      message: `Is no input of this blueprint. Its inputs are ${names.join(', ')}.`,
    }),
  );
  const values: [string, JsonValue][] = [];
  for (const [name, schema] of Object.entries(inputSchema.properties)) {
    const parsed = parseValue(schema, Object.hasOwn(input, name) ? input[name] : defaults[name]);
    if (parsed.ok) values.push([name, parsed.value]);
    else faults.push(...underPath(joinPath('', name), parsed.faults));
  }
  return faults.length > 0 ? { ok: false, faults } : valid(Object.fromEntries(values));
}

/** What is wrong with a schema's own examples. */
export function exampleFaults({ properties }: InputSchema): Fault[] {
  return Object.entries(properties).flatMap(([name, schema]) =>
    schema.examples.flatMap((example, index) => {
      const parsed = parseValue(schema, example);
      return parsed.ok ? [] : underPath(`properties.${name}.examples[${index}]`, parsed.faults);
    }),
  );
}

const validators = new WeakMap<object, Validator<unknown>>();

function parseValue(schema: InputSchema['properties'][string], value: unknown): Parsed<JsonValue> {
  const known = validators.get(schema);
  // JSON Schema is what the library compiles; its own types are made of the same.
  const validate = known ?? validatorOf<TSchema>(schema);
  if (known === undefined) validators.set(schema, validate);
  const parsed = validate(value);
  if (!parsed.ok) return parsed;
  // Held to it by the schema, whose four forms are all of JSON.
  return valid(parsed.value as JsonValue);
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    // What is thrown says no more than that it is none.
    return false;
  }
}
