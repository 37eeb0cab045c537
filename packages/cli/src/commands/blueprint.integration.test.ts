import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RecordedApi } from '../testing/recorded-api.ts';
import { runInProcess } from '../testing/run-in-process.ts';
import { appBody, errorBody, planBody } from '../testing/sample-bodies.ts';

const INSTALL = '/v1/pods/p/blueprints/laravel/install';
const PLAN = '/v1/pods/p/plan';
const blueprint = {
  id: 'laravel',
  name: 'Laravel',
  category: 'framework',
  tagline: 'A PHP application',
  version: '1',
  tags: ['php'],
  body: '## What it makes\n\nAn App.\n',
  defaults: { name: 'laravel', replicas: 1, isLoud: false, domains: [], page: 'one\ntwo\n' },
  inputSchema: {
    type: 'object',
    properties: {
      name: { type: 'string', description: 'a name' },
      replicas: { type: 'integer', minimum: 1, maximum: 10, description: 'a whole number' },
      isLoud: { type: 'boolean', description: 'true or false' },
      domains: { type: 'array', items: { type: 'string' }, description: 'domains' },
      page: { type: 'string', description: 'a page' },
    },
  },
  _links: { self: { href: '/v1/blueprints/laravel' } },
};
let api: RecordedApi;
let home: string;

beforeAll(async () => {
  api = await RecordedApi.start();
  home = await mkdtemp(join(tmpdir(), 'brainpod-cli-test-'));
});
beforeEach(() => {
  api.reset();
  api.on('GET /v1/blueprints', { status: 200, body: [blueprint] });
  api.on('GET /v1/blueprints/laravel', { status: 200, body: blueprint });
  api.on(`POST ${INSTALL}`, { status: 201, body: { revisionId: 'r-1', resources: [appBody('shop')] } });
  api.on(`GET ${PLAN}`, { status: 200, body: planBody() });
});
afterAll(async () => {
  await api.stop();
  await rm(home, { recursive: true, force: true });
});

const run = (args: readonly string[], stdin = '') =>
  runInProcess(args, {
    environment: {
      HOME: home,
      BRAINPOD_API_ENDPOINT: api.origin,
      BRAINPOD_API_TOKEN: 'brain_test',
      BRAINPOD_POD: 'p',
    },
    stdin,
  });

/** The input that was sent, and the calls that it took. */
function sent(): { input: unknown; calls: string[] } {
  const install = api.seen.find(({ method }) => method === 'POST');
  return {
    input: install === undefined ? null : JSON.parse(install.body),
    calls: api.seen.map(({ method, url }) => `${method} ${url}`),
  };
}

describe('blueprint list and get', () => {
  it('print the whole bodies for programs', async () => {
    expect(JSON.parse((await run(['blueprint', 'list', '--json'])).stdout)).toEqual([blueprint]);
    expect(JSON.parse((await run(['blueprint', 'get', 'laravel', '--json'])).stdout)).toEqual(blueprint);
  });

  it('show people the list, and of one its documentation and inputs with their defaults', async () => {
    const list = await run(['blueprint', 'list']);
    expect(list.stdout).toMatch(/laravel +Laravel +framework +1 +A PHP application/);
    const { stdout } = await run(['blueprint', 'get', 'laravel']);
    expect(stdout).toContain(blueprint.body.trimEnd());
    expect(stdout).toMatch(/replicas +integer 1–10 +1 +a whole number/);
    expect(stdout).toMatch(/domains +list of string +- +domains/);
    expect(stdout).toMatch(/page +string +one … +a page/);
    expect(stdout).toContain('brainpod blueprint install laravel --name NAME');
  });
});

describe('blueprint install', () => {
  it('sends an empty input by default, and asks for nothing before', async () => {
    const outcome = await run(['blueprint', 'install', 'laravel']);
    expect(sent()).toEqual({ input: { input: {} }, calls: [`POST ${INSTALL}`, `GET ${PLAN}`] });
    expect(outcome.stdout).toContain('App/shop');
    expect(outcome.stdout).toContain('brainpod deploy');
  });

  it('sends what a file says', async () => {
    await run(['blueprint', 'install', 'laravel', '-f', '-'], 'name: shop\ndomains: [a.example.com]\n');
    expect(sent().input).toEqual({ input: { name: 'shop', domains: ['a.example.com'] } });
  });

  it('gives what is set the type that the blueprint says, and the name comes last', async () => {
    const set = ['replicas=2', 'isLoud=true', 'domains=a.example.com, b.example.com', 'page=a=b', 'name=no'];
    await run(
      [
        'blueprint',
        'install',
        'laravel',
        '-f',
        '-',
        ...set.flatMap((each) => ['--set', each]),
        '--name',
        'shop',
      ],
      'replicas: 9\nother: 1\n',
    );
    expect(sent()).toEqual({
      input: {
        input: {
          name: 'shop',
          replicas: 2,
          isLoud: true,
          domains: ['a.example.com', 'b.example.com'],
          page: 'a=b',
          other: 1,
        },
      },
      calls: ['GET /v1/blueprints/laravel', `POST ${INSTALL}`, `GET ${PLAN}`],
    });
  });

  it('says at once what of it keeps it from being deployed, and nothing of what was there before', async () => {
    const faults = [
      { path: 'App/shop', message: 'Cannot run.' },
      { path: 'App/shop.spec.image', message: 'Is not there.' },
      { path: 'App/shop-old', message: 'Was wrong before.' },
    ];
    api.on(`GET ${PLAN}`, { status: 200, body: planBody({ faults, canDeploy: false }) });
    const { exitCode, stdout } = await run(['blueprint', 'install', 'laravel']);
    expect([exitCode, stdout.split('\n').slice(1)]).toEqual([
      0,
      [
        '  App/shop',
        '✗ App/shop: Cannot run.',
        '✗ App/shop.spec.image: Is not there.',
        'It cannot be deployed as it is.',
        '',
      ],
    ]);
  });

  it('is done where the plan may not be read', async () => {
    api.on(`GET ${PLAN}`, { status: 403, body: errorBody('FORBIDDEN', 'The key may not.') });
    const { exitCode, stdout, stderr } = await run(['blueprint', 'install', 'laravel']);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toContain('brainpod deploy');
  });

  it('leaves it to the API to refuse what does not fit', async () => {
    await run([
      'blueprint',
      'install',
      'laravel',
      ...['replicas=two', 'isLoud=', 'domains=', 'colour=red'].flatMap((each) => ['--set', each]),
    ]);
    expect(sent().input).toEqual({ input: { replicas: 'two', isLoud: '', domains: [], colour: 'red' } });
  });

  it('prints the whole body for programs, and every fault for people', async () => {
    const done = await run(['blueprint', 'install', 'laravel', '--name', 'shop', '--json']);
    expect(JSON.parse(done.stdout)).toEqual({ revisionId: 'r-1', resources: [appBody('shop')] });
    expect(sent().calls).toEqual([`POST ${INSTALL}`]);
    const details = [{ path: 'input.name', message: 'Is taken.' }];
    api.on(`POST ${INSTALL}`, { status: 400, body: errorBody('VALIDATION_ERROR', 'Faults.', details) });
    const refused = await run(['blueprint', 'install', 'laravel']);
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('input.name: Is taken.')]);
  });

  it.each([
    ['kind: [', 'line 1'],
    ['- 1\n- 2', 'one object'],
    ['a: 1\n---\nb: 2', 'one object'],
    ['text', 'one object'],
    ['', 'nothing'],
  ])('refuses a file that is no object: %j', async (stdin, told) => {
    const outcome = await run(['blueprint', 'install', 'laravel', '-f', '-'], stdin);
    expect([outcome.exitCode, outcome.stderr, api.seen]).toEqual([1, expect.stringContaining(told), []]);
  });

  it.each([
    ['--set', 'replicas'],
    ['--set', '=1'],
    ['--set', 'a b=1'],
    ['--colour', 'red'],
  ])('refuses %s %s with exit code 2', async (flag, value) => {
    const outcome = await run(['blueprint', 'install', 'laravel', flag, value]);
    expect([outcome.exitCode, api.seen]).toEqual([2, []]);
  });
});
