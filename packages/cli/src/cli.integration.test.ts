import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RecordedApi } from './testing/recorded-api.ts';
import { runInProcess } from './testing/run-in-process.ts';
import { appBody, errorBody, podBody, revisionBody, routeBody } from './testing/sample-bodies.ts';

const id = '11111111-1111-4111-8111-111111111111';
let api: RecordedApi;
let home: string;
let environment: Record<string, string>;

beforeAll(async () => {
  api = await RecordedApi.start();
  home = await mkdtemp(join(tmpdir(), 'brainpod-cli-test-'));
});
beforeEach(() => {
  api.reset();
  environment = {
    HOME: home,
    BRAINPOD_API_ENDPOINT: api.origin,
    BRAINPOD_API_TOKEN: 'brain_test',
    BRAINPOD_POD: 'p',
  };
});
afterAll(async () => {
  await api.stop();
  await rm(home, { recursive: true, force: true });
});

const run = (args: string, world: { stdin?: string; tty?: boolean } = {}) =>
  runInProcess(args.split(' '), { environment, ...world });

describe('what is sent', () => {
  const resource = '/v1/pods/p/resources/App/default/web';
  it.each([
    ['whoami', 'GET', '/v1/me', ''],
    ['cluster list', 'GET', '/v1/clusters', ''],
    ['pod list', 'GET', '/v1/pods', ''],
    ['pod get foxes-vanish', 'GET', '/v1/pods/foxes-vanish', ''],
    ['pod create', 'POST', '/v1/pods', ''],
    ['pod create --display-name Shop', 'POST', '/v1/pods', '{"displayName":"Shop"}'],
    ['revision list', 'GET', '/v1/pods/p/revisions?limit=10', ''],
    [`revision list --cursor ${id} --limit 50`, 'GET', `/v1/pods/p/revisions?limit=50&cursor=${id}`, ''],
    [`revision get ${id}`, 'GET', `/v1/pods/p/revisions/${id}`, ''],
    [`revision diff ${id} --base b`, 'GET', `/v1/pods/p/revisions/${id}/diff?base=b`, ''],
    ['resource list', 'GET', '/v1/pods/p/resources', ''],
    [`resource list --revision ${id}`, 'GET', `/v1/pods/p/resources?revision=${id}`, ''],
    ['resource get app web --at 2026-01-01T00:00:00Z', 'GET', `${resource}?at=2026-01-01T00%3A00%3A00Z`, ''],
    ['resource delete app web', 'DELETE', resource, ''],
    ['deploy', 'POST', '/v1/pods/p/deploy', '{}'],
    ['deploy --summary fixed', 'POST', '/v1/pods/p/deploy', '{"summary":"fixed"}'],
    ['redeploy', 'POST', '/v1/pods/p/redeploy', ''],
    ['pod get q --pod other', 'GET', '/v1/pods/q', ''],
    ['--pod other resource list', 'GET', '/v1/pods/other/resources', ''],
  ])('%s', async (args, method, url, body) => {
    await run(args);
    const request = api.seen[0];
    expect([request?.method, request?.url, request?.body]).toEqual([method, url, body]);
    expect(request?.headers.authorization).toBe('Bearer brain_test');
    expect(request?.headers['content-type']).toBe(body === '' ? undefined : 'application/json');
  });

  it('wraps one document into a list, keeps the order of many, and reads JSON, YAML and standard input', async () => {
    const created = { status: 201, body: { revisionId: id, resources: [appBody('web')] } };
    api.on('POST /v1/pods/p/resources', created);
    const one = await run('resource create -f -', { stdin: '{"kind":"App","metadata":{"name":"web"}}' });
    expect(one.exitCode).toBe(0);
    await run('resource create -f -', { stdin: 'kind: Config\n---\nkind: App\n---\n' });
    const file = join(home, 'list.yaml');
    await writeFile(file, '- kind: App\n- kind: Route\n');
    await run(`resource create -f ${file}`);
    expect(api.seen.map((each) => JSON.parse(each.body))).toEqual([
      [{ kind: 'App', metadata: { name: 'web' } }],
      [{ kind: 'Config' }, { kind: 'App' }],
      [{ kind: 'App' }, { kind: 'Route' }],
    ]);
  });

  it('sends a dry run and says that nothing was created', async () => {
    api.on('POST /v1/pods/p/resources', { status: 200, body: { valid: true } });
    const outcome = await run('resource create -f - --dry-run', { stdin: 'kind: App' });
    expect(api.seen[0]?.url).toBe('/v1/pods/p/resources?dryRun=true');
    expect(outcome.stdout).toContain('Nothing was created');
  });

  it('replaces with the whole document', async () => {
    api.on('PUT /v1/pods/p/resources/Route/default/web', {
      status: 200,
      body: { revisionId: id, resources: [] },
    });
    const outcome = await run('resource replace route web -f -', {
      stdin: 'kind: Route\nspec: {timeout: 5}',
    });
    expect([outcome.exitCode, api.seen[0]?.body]).toEqual([0, '{"kind":"Route","spec":{"timeout":5}}']);
  });
});

describe('what comes out', () => {
  it('prints the whole body with sorted keys for programs', async () => {
    api.on('GET /v1/pods/p', { status: 200, body: podBody('p', { new: { z: 1, a: [{ d: 1, c: 2 }] } }) });
    const outcome = await run('pod get p --json');
    const printed = JSON.parse(outcome.stdout);
    expect(printed).toEqual(podBody('p', { new: { z: 1, a: [{ d: 1, c: 2 }] } }));
    expect(Object.keys(printed)).toEqual(Object.keys(printed).sort());
    expect(outcome.stdout).toContain('"c": 2,\n        "d": 1');
  });

  it('aligns tables for people', async () => {
    api.on('GET /v1/pods', {
      status: 200,
      body: [podBody('foxes-vanish', { displayName: 'Shop' }), podBody('p')],
    });
    const { stdout } = await run('pod list');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    const column = lines[0]?.indexOf('STATE');
    expect(lines.slice(1).map((line) => line.indexOf('draft'))).toEqual([column, column]);
    expect(lines[2]).toContain('-');
  });

  it('paints on a terminal only, and not with NO_COLOR', async () => {
    api.on('GET /v1/pods', { status: 200, body: [podBody('p')] });
    const painted = '\u001b[';
    expect((await run('pod list', { tty: true })).stdout).toContain(painted);
    expect((await run('pod list')).stdout).not.toContain(painted);
    environment.NO_COLOR = '1';
    expect((await run('pod list', { tty: true })).stdout).not.toContain(painted);
  });

  it('shows the error with every fault and its path', async () => {
    const details = [
      { path: '0.spec.replicas', message: 'must be at most 10' },
      { path: '0.spec.image', message: 'is missing' },
    ];
    const body = errorBody('VALIDATION_ERROR', 'The resources are not valid.', details);
    api.on('POST /v1/pods/p/resources', { status: 400, body });
    const text = await run('resource create -f -', { stdin: 'kind: App' });
    expect([text.exitCode, text.stdout]).toEqual([1, '']);
    expect(text.stderr).toBe(
      'error: The resources are not valid.\n  0.spec.replicas: must be at most 10\n  0.spec.image: is missing\n' +
        'Which fields there are: brainpod describe resource KIND\n',
    );
    const json = await run('resource create -f - --json', { stdin: 'kind: App' });
    expect(json.stderr.trimEnd()).not.toContain('\n');
    expect(JSON.parse(json.stderr)).toEqual({ error: { ...body.error, httpStatus: 400 } });
  });

  it('tells what is not from the API', async () => {
    api.on('GET /v1/pods', { status: 200, body: '<html>a proxy</html>' });
    const outcome = await run('pod list --json');
    expect(outcome.exitCode).toBe(1);
    expect(JSON.parse(outcome.stderr).error).toMatchObject({
      code: 'API_ERROR',
      response: '<html>a proxy</html>',
    });
    api.on('GET /v1/pods', { status: 200, body: '"text"' });
    expect((await run('pod list')).exitCode).toBe(1);
  });

  it('tells what went wrong here', async () => {
    environment.BRAINPOD_API_TOKEN = ' ';
    const outcome = await run('pod list --json');
    expect(JSON.parse(outcome.stderr).error).toEqual({
      code: 'CLI_ERROR',
      message: expect.stringContaining('no API key'),
    });
    expect(api.seen).toEqual([]);
  });
});

describe('arguments', () => {
  it.each([
    'pod lst',
    'resource get disc x',
    'revision list --limit 51',
    'revision list --limit x',
    `resource list --revision ${id} --at 2026-01-01T00:00:00Z`,
    'deploy --timeout 5',
    'deploy --api-key x',
    'pod get',
    'config set colour red',
    'image build Web',
    'image build web --builder buildpack',
    'deploy --local',
    'deploy --build-secret A',
    'deploy --node-version 22',
    'image build web --folder ../other',
    'deploy . --plan tag',
  ])('refuses "%s" with exit code 2, before anything is sent', async (args) => {
    const outcome = await run(args);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toContain('error: ');
    const json = await run(`${args} --json`);
    expect([json.exitCode, JSON.parse(json.stderr).error.code]).toEqual([2, 'CLI_ERROR']);
    expect(api.seen).toEqual([]);
  });

  it('shows help and version on stdout', async () => {
    for (const args of ['--help', 'pod --help', 'resource create -h', '--version']) {
      const outcome = await run(args);
      expect([outcome.exitCode, outcome.stderr]).toEqual([0, '']);
      expect(outcome.stdout).not.toBe('');
    }
  });

  it('names the line of a YAML mistake', async () => {
    const outcome = await run('resource create -f -', { stdin: 'kind: App\nbad: [\n' });
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('line 3, column 1');
  });
});

describe('waiting', () => {
  const revision = `GET /v1/pods/p/revisions/${id}`;
  const accepted = { status: 202, body: { revisionId: id, state: 'pending', error: null } };
  const starting = appBody('web', {
    healthy: false,
    status: {
      phase: 'Starting',
      readyReplicas: 1,
      replicas: [
        { name: 'a', phase: 'Ready' },
        { name: 'b', phase: 'Starting', reason: 'ContainerCreating' },
      ],
    },
  });

  it('ends when the revision is deployed and everything is healthy, and says where', async () => {
    api.on('POST /v1/pods/p/deploy', accepted);
    api.on(
      revision,
      { status: 200, body: revisionBody({ state: 'pending', resources: [starting] }) },
      {
        status: 200,
        body: revisionBody({
          state: 'deployed',
          resources: [appBody('web'), routeBody('web', 'web-x.brainpod.localhost')],
        }),
      },
    );
    const outcome = await run('deploy --wait');
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stderr).toMatch(
      /revision 1 {2}pending\n.*App\/web {2}Starting {2}1 of 2 ready, ContainerCreating/,
    );
    expect(outcome.stdout).toContain('https://web-x.brainpod.localhost');
    expect(api.seen[0]?.url).toBe('/v1/pods/p/deploy');
  });

  it('does not end while a resource is not healthy', async () => {
    api.on(revision, { status: 200, body: revisionBody({ resources: [starting] }) });
    const outcome = await run(`revision wait ${id} --timeout 2`);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('App/web: Starting, 1 of 2 ready, ContainerCreating');
  });

  it("gives the revision's own error, with its lines", async () => {
    const error = 'App web listens on no port 8080.\nLast lines of its log:\n  listening on 3000';
    api.on(revision, { status: 200, body: revisionBody({ state: 'failed', error, isDeployed: false }) });
    const outcome = await run(`revision wait ${id}`);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toMatch(/^ +\d\.\ds {2}revision 1 {2}failed\n/);
    expect(outcome.stderr).toContain(`error: Revision 1 failed. ${error}\nWhat was deployed before goes on`);
    expect(outcome.stderr).toContain('brainpod redeploy');
  });

  it('bears a server that is away for a moment', async () => {
    api.on(
      revision,
      {
        status: 503,
        body: errorBody('SERVICE_UNAVAILABLE', 'The database is away.'),
        headers: { 'retry-after': '0' },
      },
      { status: 200, body: revisionBody() },
    );
    expect((await run(`revision wait ${id} --json`)).exitCode).toBe(0);
  });

  it('prints the revision for programs, and nothing else', async () => {
    api.on('POST /v1/pods/p/deploy', accepted);
    api.on(revision, { status: 200, body: revisionBody() });
    const outcome = await run('deploy --wait --json');
    expect([JSON.parse(outcome.stdout), outcome.stderr]).toEqual([revisionBody(), '']);
  });
});

describe('settings', () => {
  const file = () => join(home, '.config', 'brainpod', 'config.toml');

  it('takes the flag before the environment before the file before the default', async () => {
    await run('config set pod from-file');
    await run('config set registry-endpoint http://127.0.0.1:4600');
    const sources = JSON.parse((await run('config show --json --endpoint http://flag.test')).stdout);
    expect(sources.endpoint).toEqual({ value: 'http://flag.test', source: 'flag' });
    expect(sources.pod).toEqual({ value: 'p', source: 'environment' });
    expect(sources.registry_endpoint).toEqual({ value: 'http://127.0.0.1:4600', source: 'config file' });
    expect(sources.control_plane_endpoint.source).toBe('default');
    environment.BRAINPOD_POD = '';
    expect(JSON.parse((await run('config show --json')).stdout).pod.value).toBe('from-file');
  });

  it('never shows the whole key', async () => {
    environment.BRAINPOD_API_TOKEN = 'brain_0123456789abcdef';
    for (const args of ['config show', 'config show --json']) {
      expect((await run(args)).stdout).not.toContain('0123456789abcdef');
    }
  });

  it('keeps the file for its owner only, and replaces it whole', async () => {
    await run('config set pod one');
    await run('config set api-token brain_x');
    expect(((await stat(file())).mode & 0o777).toString(8)).toBe('600');
    expect(await readFile(file(), 'utf8')).toContain('api_token = "brain_x"');
    await run('config unset pod');
    expect(await readFile(file(), 'utf8')).not.toContain('pod =');
  });

  it('refuses a file with a key it does not know', async () => {
    const other = join(home, 'other.toml');
    await writeFile(other, 'api_key = "brain_x"\npod = 5\n');
    environment.BRAINPOD_CONFIG = other;
    const outcome = await run('config show');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('unknown key "api_key"');
    expect(outcome.stderr).toContain('"pod" must be a text');
  });
});
