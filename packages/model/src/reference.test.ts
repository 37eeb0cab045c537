// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import { expect, test } from 'vitest';
import { formatReference, parseEnvValue } from './reference.ts';

test.each([
  ['', []],
  ['plain', [{ text: 'plain' }]],
  ['${web.host}', [{ name: 'web', variable: 'host' }]],
  ['a${web.host}b', [{ text: 'a' }, { name: 'web', variable: 'host' }, { text: 'b' }]],
  [
    '${a.x}${b.y}',
    [
      { name: 'a', variable: 'x' },
      { name: 'b', variable: 'y' },
    ],
  ],
  ['$${web.host}', [{ text: '$' }, { name: 'web', variable: 'host' }]],
  ['${${web.host}}', [{ text: '${' }, { name: 'web', variable: 'host' }, { text: '}' }]],
  ['${web.host', [{ text: '${web.host' }]],
  ['${web.host ${a.b}', [{ text: '${web.host ' }, { name: 'a', variable: 'b' }]],
  ['${HOME}', [{ text: '${HOME}' }]],
  ['${.host}', [{ text: '${.host}' }]],
  ['${web.}', [{ text: '${web.}' }]],
  ['${Web.host}', [{ text: '${Web.host}' }]],
  ['${a.b.c}', [{ text: '${a.b.c}' }]],
  ['${VALUE:-1.5}', [{ text: '${VALUE:-1.5}' }]],
])('%j', (value, parts) => {
  expect(parseEnvValue(value)).toEqual(parts);
});

test('a reference is written as it is read', () => {
  expect(parseEnvValue(formatReference('db', 'uri'))).toEqual([{ name: 'db', variable: 'uri' }]);
});
