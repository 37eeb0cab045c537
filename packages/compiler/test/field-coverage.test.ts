import type { ResourceDocument } from '@brainpod/model/document';
import { isRecord } from '@brainpod/model/fault';
import { INSTANCE_NAMES } from '@brainpod/model/instance-size';
import { isRunning, KINDS } from '@brainpod/model/kind';
import { DOCUMENT_SCHEMAS } from '@brainpod/model/openapi-schema';
import { expect, test } from 'vitest';
import { compileCase, type GoldenCase, goldenCases } from './golden-case.ts';

// Every field that a document can have must be seen to matter: for some golden case, another value of
// the field must give another outcome. These say nothing to the cluster, each for a reason.
const WITHOUT_EFFECT = [
  // Where the image comes from matters to builds; what runs is `image`.
  'App.spec.artifactSelector.buildRef',
  'App.spec.artifactSelector.githubRepo',
  'App.spec.artifactSelector.name',
  'App.spec.artifactSelector.refName',
  'App.spec.artifactSelector.status',
  'App.spec.buildRef',
  // Read by people; a rule is known to the cluster by its path.
  'Route.spec.rules[].name',
];

// The same in every document, and held to it by the schema.
const CONSTANT = ['apiVersion', 'kind', 'metadata.namespace'];

const RUNNING = KINDS.filter(isRunning);
const cases = goldenCases();

test('every field of every kind that runs changes what some golden case compiles to', () => {
  const fields = RUNNING.flatMap((kind) => [...fieldsOf(DOCUMENT_SCHEMAS[kind], kind)]);
  const constants = RUNNING.flatMap((kind) => CONSTANT.map((field) => `${kind}.${field}`));
  const effective = fieldsWithEffect();
  const unseen = fields.filter((field) => !constants.includes(field) && !effective.has(field));
  expect(unseen.sort()).toEqual(WITHOUT_EFFECT);
});

test('every field of every kind that runs stands in some golden case', () => {
  const fields = RUNNING.flatMap((kind) => [...fieldsOf(DOCUMENT_SCHEMAS[kind], kind)]);
  const present = new Set<string>();
  for (const { document } of documentsOfCases()) {
    for (const leaf of leavesOf(document, document.kind)) present.add(leaf.field);
  }
  expect(fields.filter((field) => !present.has(field))).toEqual([]);
});

/** The names of all leaves that a schema allows, such as `App.spec.env[].name`. */
function fieldsOf(schema: unknown, field: string): Set<string> {
  if (!isRecord(schema)) throw new Error(`${field} has no schema`);
  const fields = new Set<string>();
  const addAll = (more: Set<string>) => {
    for (const name of more) fields.add(name);
  };
  if (Array.isArray(schema.anyOf)) for (const branch of schema.anyOf) addAll(fieldsOf(branch, field));
  else if (isRecord(schema.properties)) {
    for (const [name, property] of Object.entries(schema.properties))
      addAll(fieldsOf(property, `${field}.${name}`));
  } else if (isRecord(schema.patternProperties)) {
    for (const value of Object.values(schema.patternProperties)) addAll(fieldsOf(value, `${field}.*`));
  } else if (schema.items !== undefined) addAll(fieldsOf(schema.items, `${field}[]`));
  else fields.add(field);
  return fields;
}

type Leaf = { field: string; steps: (string | number)[]; value: unknown };

/** The leaves of a document; `field` is named as fieldsOf names it. */
function leavesOf(value: unknown, field: string, steps: (string | number)[] = []): Leaf[] {
  if (Array.isArray(value)) {
    return value.flatMap((member, index) => leavesOf(member, `${field}[]`, [...steps, index]));
  }
  if (!isRecord(value)) return [{ field, steps, value }];
  return Object.entries(value).flatMap(([name, member]) => {
    const step = field === 'Config.spec.files' ? '*' : name;
    return leavesOf(member, `${field}.${step}`, [...steps, name]);
  });
}

function fieldsWithEffect(): Set<string> {
  const seen = new Set<string>();
  for (const { golden, document, index } of documentsOfCases()) {
    const before = JSON.stringify(compileCase(golden));
    for (const leaf of leavesOf(document, document.kind)) {
      if (seen.has(leaf.field)) continue;
      const documents = golden.documents.with(index, withOtherValue(document, leaf));
      if (JSON.stringify(compileCase({ ...golden, documents })) !== before) seen.add(leaf.field);
    }
  }
  return seen;
}

function documentsOfCases(): { golden: GoldenCase; document: ResourceDocument; index: number }[] {
  return cases.flatMap((golden) => golden.documents.map((document, index) => ({ golden, document, index })));
}

function withOtherValue(document: ResourceDocument, { steps, value }: Leaf): ResourceDocument {
  const copy = structuredClone(document);
  let parent: unknown = copy;
  for (const step of steps.slice(0, -1)) parent = Reflect.get(Object(parent), step);
  const last = steps.at(-1);
  if (last === undefined) throw new Error('a document is no leaf');
  Reflect.set(Object(parent), last, otherValue(value));
  return copy;
}

function otherValue(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  const sizes: readonly unknown[] = INSTANCE_NAMES;
  const size = sizes.indexOf(value);
  if (size >= 0) return sizes[(size + 1) % sizes.length];
  if (typeof value === 'string') return `${value}x`;
  throw new Error(`no other value is known for ${JSON.stringify(value)}`);
}
