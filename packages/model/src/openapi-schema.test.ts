// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import { expect, test } from 'vitest';
import { KINDS } from './document.ts';
import { childOf } from './fault.ts';
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

test('hostname is required of documents and not of inputs', () => {
  const required = (schema: unknown) => childOf(childOf(childOf(schema, 'properties'), 'spec'), 'required');
  expect(required(childOf(schemas.ResourceInput.oneOf, '2'))).toEqual(['rules']);
  expect(required(childOf(schemas.ResourceDocument.oneOf, '2'))).toEqual(['hostname', 'rules']);
});
