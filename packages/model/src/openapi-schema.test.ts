// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import { expect, test } from 'vitest';
import { childOf } from './fault.ts';
import { KINDS } from './kind.ts';
import { resourceSchemas } from './openapi-schema.ts';

const schemas = resourceSchemas();

test('each branch of ResourceInput stands inline and names its kind', () => {
  const branches = schemas.ResourceInput.oneOf;
  if (!Array.isArray(branches)) throw new Error('ResourceInput has no branches');
  const kinds = branches.map((branch) => childOf(childOf(childOf(branch, 'properties'), 'kind'), 'const'));
  expect(kinds).toEqual(KINDS);
  expect(JSON.stringify(schemas)).not.toContain('$ref');
});

test('a Route offers its host as a variable', () => {
  const branches = schemas.ResourceInput.oneOf;
  const variables = childOf(Array.isArray(branches) ? branches[2] : undefined, 'x-brainpod-variables');
  expect(variables).toMatchObject([{ name: 'host', ref: '${<name>.host}', secret: false }]);
});

test('a variable made of others shows how', () => {
  const branches = schemas.ResourceInput.oneOf;
  const variables = childOf(Array.isArray(branches) ? branches[3] : undefined, 'x-brainpod-variables');
  expect(variables).toContainEqual({
    name: 'uri',
    ref: '${<name>.uri}',
    secret: true,
    description: expect.any(String),
    template: 'postgres://${<name>.user}:${<name>.password}@<name>:5432/${<name>.database}?sslmode=require',
  });
});

test('a size may be sent as text and is answered as a number', () => {
  const sizeIn = (schema: unknown) =>
    childOf(childOf(childOf(childOf(childOf(schema, 'properties'), 'spec'), 'properties'), 'size'), 'type');
  expect(sizeIn(childOf(schemas.ResourceDocument.oneOf, '6'))).toBe('integer');
  for (const sent of [schemas.ResourceInput, schemas.ResourceReplacement]) {
    expect(sizeIn(childOf(sent.oneOf, '6'))).toBeUndefined();
  }
});

test('hostname is required of documents and not of inputs', () => {
  const required = (schema: unknown) => childOf(childOf(childOf(schema, 'properties'), 'spec'), 'required');
  expect(required(childOf(schemas.ResourceInput.oneOf, '2'))).toEqual(['rules']);
  expect(required(childOf(schemas.ResourceDocument.oneOf, '2'))).toEqual(['hostname', 'rules']);
  expect(required(childOf(schemas.ResourceReplacement.oneOf, '2'))).toEqual(['hostname', 'rules']);
});
