// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import { expect, test } from 'vitest';
import { appInput, configInput, databaseInput, diskInput, routeInput } from '../test/sample.ts';
import { parseResourceInput, type ResourceInput } from './document.ts';
import { KINDS } from './kind.ts';
import { parseEnvValue } from './reference.ts';
import { liveVariables, VARIABLES_BY_KIND, variablesOf } from './variables.ts';

function inputOf(input: unknown): ResourceInput {
  const parsed = parseResourceInput(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

/** `name=value` of each variable; a secret shows its template, if it has one. */
function values(input: unknown): string[] {
  return variablesOf(inputOf(input)).map(({ name, secret, value, template }) =>
    secret ? `${name} is secret${template === undefined ? '' : `: ${template}`}` : `${name}=${value}`,
  );
}

test.each([
  [appInput(), []],
  [configInput(), []],
  [diskInput(), []],
  [routeInput({ hostname: 'a.example.com' }), ['host=a.example.com']],
  [routeInput(), ['host=null']],
  [
    databaseInput('Postgres'),
    [
      'host=db',
      'port=5432',
      'user=brainpod',
      'database=brainpod',
      'password is secret',
      'uri is secret: postgres://${db.user}:${db.password}@db:5432/${db.database}?sslmode=require',
    ],
  ],
  [
    databaseInput('MariaDB'),
    [
      'host=db',
      'port=3306',
      'user=brainpod',
      'database=brainpod',
      'password is secret',
      'uri is secret: mysql://${db.user}:${db.password}@db:3306/${db.database}',
    ],
  ],
  [
    databaseInput('Valkey'),
    ['host=db', 'port=6379', 'password is secret', 'uri is secret: rediss://:${db.password}@db:6379'],
  ],
  [
    databaseInput('MSSQL'),
    [
      'host=db',
      'port=1433',
      'user=brainpod',
      'database=brainpod',
      'password is secret',
      'uri is secret: mssql://${db.user}:${db.password}@db:1433/${db.database}?encrypt=true',
    ],
  ],
])('%j offers %j', (input, expected) => {
  expect(values(input)).toEqual(expected);
});

test('a variable is known, or says that it is not, and a secret never has a value', () => {
  const database = variablesOf(inputOf(databaseInput('Postgres')));
  for (const { secret, resolved, value } of database) {
    expect(resolved).toBe(!secret);
    expect(value === null).toBe(secret);
  }
  const [unassigned] = variablesOf(inputOf(routeInput()));
  expect(unassigned).toMatchObject({ resolved: false, value: null, secret: false });
});

test('the catalogue of a pod goes by kind, then name', () => {
  const documents = [
    databaseInput('Valkey', {}, 'a'),
    routeInput({}, 'z'),
    routeInput({ hostname: 'b.example.com' }, 'b'),
    appInput(),
  ].map(inputOf);
  const catalogue = liveVariables(documents);
  expect(catalogue[0]).toEqual({
    urn: 'urn:brain:route:default:b',
    name: 'host',
    ref: '${b.host}',
    secret: false,
    resolved: true,
    value: 'b.example.com',
    description: 'The host name under which the route is reached.',
  });
  expect(catalogue.map(({ ref }) => ref)).toEqual([
    '${b.host}',
    '${z.host}',
    '${a.host}',
    '${a.port}',
    '${a.password}',
    '${a.uri}',
  ]);
  expect(liveVariables(documents.toReversed())).toEqual(catalogue);
});

test('a template refers only to variables of its own kind', () => {
  for (const kind of KINDS) {
    const offered = VARIABLES_BY_KIND[kind].map(({ name }) => name);
    for (const { template } of VARIABLES_BY_KIND[kind]) {
      const parts = parseEnvValue((template ?? '').replaceAll('<name>', 'db'));
      for (const part of parts) if ('variable' in part) expect(offered).toContain(part.variable);
    }
  }
});
