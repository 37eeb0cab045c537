// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references between resources are written this way.
import { describe, expect, test } from 'vitest';
import { appInput, configInput, databaseInput, diskInput, routeInput, ruleInput } from '../test/sample.ts';
import { checkPodDocuments, type Fault, parseResourceDocument, type ResourceDocument } from './document.ts';

function documentOf(input: unknown): ResourceDocument {
  const parsed = parseResourceDocument(input);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

const faults = (...inputs: unknown[]): Fault[] => checkPodDocuments(inputs.map(documentOf));
const places = (...inputs: unknown[]) => faults(...inputs).map(({ path }) => path);
const route = (spec: object = {}, name = 'web') =>
  routeInput({ hostname: `${name}.example.com`, ...spec }, name);
const onDisk = (disk: string) => ({ mounts: [{ path: '/d', disk: `urn:brain:disk:default:${disk}` }] });
const env = (value: string) => ({ env: [{ name: 'A', value }] });

describe('the documents of a pod together', () => {
  test('that refer to each other are in order', () => {
    const app = appInput({
      env: [{ name: 'HOST', value: '${web.host} ${HOME} ${ ${db.uri}${db.port}' }],
      mounts: [
        { path: '/f', file: 'app.toml', config: 'settings' },
        { path: '/d', disk: 'urn:brain:disk:default:files' },
        { path: '/d2', disk: 'urn:brain:disk:default:files' },
      ],
      checks: { ready: { path: '/' } },
    });
    expect(
      faults(
        app,
        configInput(),
        route(),
        databaseInput('Postgres'),
        diskInput(),
        diskInput({}, 'files'),
        databaseInput('Valkey', { diskRef: 'urn:brain:disk:default:cache' }, 'cache'),
        diskInput({}, 'cache'),
      ),
    ).toEqual([]);
  });

  test('may be none', () => {
    expect(places()).toEqual([]);
  });

  test.each([
    [
      'env',
      {
        env: [
          { name: 'A', value: 'x' },
          { name: 'B', value: '${nothing.host}' },
        ],
      },
      'App/web.spec.env[1].value',
    ],
    ['env', env('${web.port}'), 'App/web.spec.env[0].value'],
    ['config', { mounts: [{ path: '/f', file: 'x', config: 'none' }] }, 'App/web.spec.mounts[0].config'],
    ['file', { mounts: [{ path: '/f', file: 'x', config: 'settings' }] }, 'App/web.spec.mounts[0].file'],
    ['disk', onDisk('none'), 'App/web.spec.mounts[0].disk'],
  ])('may not refer to what is not there: %s', (_what, spec, path) => {
    expect(places(appInput(spec), configInput(), route())).toEqual([path]);
  });

  test('need a port for a check by path', () => {
    expect(places(appInput({ checks: { ready: { path: '/' } } }))).toEqual([
      'App/web.spec.checks.ready.port',
    ]);
  });

  test('need the App that a Route leads to', () => {
    expect(places(route())).toEqual(['Route/web.spec.rules[0].backendRef']);
  });

  test('may share a name between kinds only', () => {
    expect(places(appInput(), appInput(), configInput({}, 'web'), route(), diskInput({}, 'web'))).toEqual([
      'App/web.metadata.name',
    ]);
  });

  test('may not claim one host name twice', () => {
    const a = route({ domains: ['x.example.com'] }, 'a');
    const b = route({ hostname: 'a.example.com', domains: ['x.example.com'] }, 'b');
    expect(places(appInput(), b, a)).toEqual(['Route/b.spec.hostname', 'Route/b.spec.domains[0]']);
  });
});

describe('databases and Disks in a pod', () => {
  test.each(['Postgres', 'MariaDB', 'Valkey', 'MSSQL'] as const)('a %s needs its Disk', (kind) => {
    expect(faults(databaseInput(kind))).toEqual([
      { path: `${kind}/db.spec.diskRef`, message: 'There is no Disk "data" in this pod.' },
    ]);
  });

  test('an App and a database may not share a name, and neither may two databases', () => {
    const app = appInput({}, 'db');
    const inputs = [app, databaseInput('Postgres'), diskInput()];
    expect(faults(...inputs)).toEqual([
      {
        path: 'App/db.metadata.name',
        message: 'Is the name of Postgres/db too, and both would be reached at "db". Rename one.',
      },
      {
        path: 'Postgres/db.metadata.name',
        message: 'Is the name of App/db too, and both would be reached at "db". Rename one.',
      },
    ]);
    const other = databaseInput('MSSQL', { diskRef: 'urn:brain:disk:default:other' });
    expect(places(databaseInput('Postgres'), diskInput(), other, diskInput({}, 'other'))).toEqual([
      'Postgres/db.metadata.name',
      'MSSQL/db.metadata.name',
    ]);
  });

  test('a Disk serves one resource, and all that claim it hear of it', () => {
    expect(
      faults(
        appInput(onDisk('data'), 'a'),
        appInput(onDisk('data'), 'b'),
        databaseInput('Valkey'),
        diskInput(),
      ),
    ).toEqual([
      {
        path: 'App/a.spec.mounts[0].disk',
        message: 'Disk "data" is attached to App/b too. A Disk serves one resource: give each its own.',
      },
      {
        path: 'App/b.spec.mounts[0].disk',
        message: 'Disk "data" is attached to App/a too. A Disk serves one resource: give each its own.',
      },
      {
        path: 'Valkey/db.spec.diskRef',
        message: 'Disk "data" is attached to App/a too. A Disk serves one resource: give each its own.',
      },
    ]);
  });
});

describe('a reference', () => {
  const database = [databaseInput('Valkey'), diskInput({}, 'data')];

  test.each(['host', 'port', 'password', 'uri'])('to %s of a database leads there', (variable) => {
    expect(faults(appInput(env(`\${db.${variable}}`)), ...database)).toEqual([]);
  });

  test('of a name that two kinds share is decided by the variable', () => {
    const inputs = [...database, configInput({}, 'db'), route({}, 'db'), appInput(env('${db.port}'))];
    expect(faults(...inputs)).toEqual([]);
  });

  test('that two kinds could mean is at fault', () => {
    const inputs = [...database, route({}, 'db'), appInput(env('${db.host}'))];
    expect(faults(...inputs)).toEqual([
      {
        path: 'App/web.spec.env[0].value',
        message:
          '${db.host} could mean more than one thing: a Route and a Valkey of that name offer it. Rename one of them.',
      },
    ]);
  });

  test.each([
    [
      '${db.user}',
      '${db.user} refers to a variable that does not exist: Valkey "db" has only host, port, password, uri.',
    ],
    ['${data.size}', '${data.size} refers to a variable that does not exist: Disk "data" has no variables.'],
    ['${no.host}', '${no.host} refers to "no", but this pod has no resource of that name.'],
  ])('that leads nowhere says why: %s', (value, message) => {
    expect(faults(appInput(env(value)), ...database)).toEqual([
      { path: 'App/web.spec.env[0].value', message },
    ]);
  });

  test('to every fault at once', () => {
    const rules = [ruleInput({ backendRef: 'urn:brain:app:default:none' })];
    expect(
      places(
        appInput({ ...env('${x.y}${z.y}'), ...onDisk('none') }),
        route({ rules }),
        databaseInput('Postgres'),
      ),
    ).toEqual([
      'App/web.spec.env[0].value',
      'App/web.spec.env[0].value',
      'Route/web.spec.rules[0].backendRef',
      'App/web.spec.mounts[0].disk',
      'Postgres/db.spec.diskRef',
    ]);
  });
});
