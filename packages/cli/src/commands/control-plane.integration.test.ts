import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { recordedCli } from '../testing/recorded-cli.ts';
import {
  appBody,
  errorBody,
  keyBody,
  planBody,
  podBody,
  revisionBody,
  routeBody,
} from '../testing/sample-bodies.ts';

const { api, home, run, calls, bodyOf } = recordedCli();
const id = '11111111-1111-4111-8111-111111111111';
const accepted = { status: 202, body: { revisionId: id, state: 'pending', error: null } };
const clusterBody = {
  id: 'c-1',
  name: 'one',
  provider: 'hetzner',
  country: 'DE',
  region: 'fsn1',
  architectures: ['amd64'],
};

describe('what is sent', () => {
  const RESTART = '/v1/pods/p/resources/App/default/web/restart';
  it.each([
    ['plan', 'GET /v1/pods/p/plan', null],
    [`revision cancel ${id}`, `POST /v1/pods/p/revisions/${id}/cancel`, null],
    ['resource variables', 'GET /v1/pods/p/variables', null],
    ['resource variables --at 2026-01-01', 'GET /v1/pods/p/variables?at=2026-01-01', null],
    ['resource variables postgres db', 'GET /v1/pods/p/resources/Postgres/default/db', null],
    ['resource restart app web', `POST ${RESTART}`, null],
    ['pod rename q Shop', 'PATCH /v1/pods/q', { displayName: 'Shop' }],
    ['pod delete q', 'DELETE /v1/pods/q', null],
    ['pod list --deleted', 'GET /v1/deleted-pods', null],
    ['pod restore q', 'POST /v1/deleted-pods/q/restore', null],
    ['pod stop', 'POST /v1/pods/p/stop', null],
    ['pod start q', 'POST /v1/pods/q/start', null],
    ['pod limits q', 'GET /v1/pods/q/limits', null],
    ['pod create --cluster c-1', 'POST /v1/pods', { cluster: 'c-1' }],
    ['key list', 'GET /v1/keys', null],
    ['key roll k-1', 'POST /v1/keys/k-1/roll', null],
    ['key revoke k-1', 'DELETE /v1/keys/k-1', null],
    [
      'key create ci --allow pods:read,revisions:read --pods a,b --expires 2027-01-31',
      'POST /v1/keys',
      {
        name: 'ci',
        expiresAt: '2027-01-31T00:00:00.000Z',
        policy: {
          version: '1',
          statements: [
            {
              sid: 'cli',
              effect: 'allow',
              actions: ['pods:read', 'revisions:read'],
              resources: ['urn:brain:pod:a', 'urn:brain:pod:b'],
            },
          ],
        },
      },
    ],
    ['audit', 'GET /v1/audit?limit=20', null],
    ['audit --pod q --cursor 5 --limit 50', 'GET /v1/pods/q/audit?limit=50&cursor=5', null],
    ['cluster list --registered', 'GET /v1/operator/clusters', null],
    ['cluster delete c-1', 'DELETE /v1/operator/clusters/c-1', null],
    ['size list', 'GET /v1/instance-sizes', null],
    [
      'size set 1x --cpu 0.75 --memory 768',
      'PUT /v1/operator/instance-sizes/1x',
      { cpuMillis: 750, memoryMiB: 768 },
    ],
    ['image list --search web', 'GET /v1/pods/p/images?search=web&limit=25&offset=0', null],
    [
      'image inspect team/web v2',
      'GET /v1/pods/p/images/inspect?visibility=pod&repository=team%2Fweb&tag=v2',
      null,
    ],
    [
      'events --resource urn:brain:route:default:web --kind http-access --search GET',
      'GET /v1/pods/p/events?resource=urn%3Abrain%3Aroute%3Adefault%3Aweb&range=15m&kind=httpAccess&search=GET',
      null,
    ],
    [
      'metrics --resource urn:brain:route:default:web --range 1h --step 10s',
      'GET /v1/pods/p/metrics?resource=urn%3Abrain%3Aroute%3Adefault%3Aweb&range=1h&step=10s',
      null,
    ],
  ])('%s', async (args, call, body) => {
    await run(args);
    expect([calls()[0], bodyOf(call)]).toEqual([call, body]);
  });

  it('an Idempotency-Key with every POST, another for each, and with nothing else', async () => {
    await run('pod stop');
    await run('pod stop');
    await run('pod delete q');
    const keys = api().seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys.slice(0, 2)).toEqual([
      expect.stringMatching(/^[0-9a-f-]{36}$/),
      expect.not.stringMatching(/^$/),
    ]);
    expect([keys[0] === keys[1], keys[2]]).toEqual([false, undefined]);
  });

  it('the tag of a plan as If-Match', async () => {
    api().on('POST /v1/pods/p/deploy', accepted);
    await run('deploy --plan plan:abc');
    expect(api().seen[0]?.headers['if-match']).toBe('"plan:abc"');
  });

  it('limits that stay beside those that change', async () => {
    const limits = { apps: 5, cpuMillis: null, memoryMiB: 100, diskGb: null };
    const used = { apps: 1, cpuMillis: 250, memoryMiB: 256, diskGb: 0 };
    api().on('GET /v1/pods/q/limits', {
      status: 200,
      body: {
        limits: { ...limits, imagesMiB: 500 },
        used: { draft: used, deployed: used, imageBytes: 1_000_000 },
      },
    });
    api().on('PUT /v1/operator/pods/q/limits', { status: 200, body: { limits } });
    const outcome = await run('pod limits q --cpu 2.5 --memory none --images 200');
    expect(outcome.stdout).toContain('1.0 MB of 524 MB');
    expect(bodyOf('PUT /v1/operator/pods/q/limits')).toEqual({
      apps: 5,
      cpuMillis: 2500,
      memoryMiB: null,
      diskGb: null,
      imagesMiB: 200,
    });
    expect(outcome.stdout).toMatch(/memory +256 MiB +of 100 MiB +█+ 256%/);
  });

  it('a whole cluster, with its kubeconfig; a change keeps what is not named', async () => {
    const file = join(home(), 'kubeconfig');
    await writeFile(file, 'apiVersion: v1\n');
    api().on('POST /v1/operator/clusters', { status: 201, body: clusterBody });
    api().on('GET /v1/operator/clusters', { status: 200, body: [clusterBody] });
    await run(`cluster register one --kubeconfig ${file} --country de --architectures amd64,arm64`);
    expect(bodyOf('POST /v1/operator/clusters')).toEqual({
      name: 'one',
      country: 'DE',
      architectures: ['amd64', 'arm64'],
      kubeconfig: 'apiVersion: v1\n',
    });
    await run('cluster update c-1 --region nbg1');
    const { id: _id, ...facts } = clusterBody;
    expect(bodyOf('PUT /v1/operator/clusters/c-1')).toEqual({ ...facts, region: 'nbg1' });
  });
});

describe('a rollback names its revision', () => {
  const revisions = [
    revisionBody({ id: 'r5', version: 5, state: 'draft', isDeployed: false }),
    revisionBody({ id: 'r4', version: 4, state: 'deployed' }),
    revisionBody({ id: 'r3', version: 3, state: 'failed', isDeployed: false }),
  ];
  const older = [
    revisionBody({ id: 'r2', version: 2, state: 'deployed', isDeployed: false }),
    revisionBody({ id: 'r1', version: 1, state: 'deployed', isDeployed: false }),
  ];
  const play = () => {
    const next = { href: '/v1/pods/p/revisions?limit=50&cursor=r3' };
    api().on(
      'GET /v1/pods/p/revisions',
      { status: 200, body: { items: revisions, _links: { next } } },
      { status: 200, body: { items: older, _links: { next: null } } },
    );
    const deployed = { ...revisions[1], status: 'deployed' };
    api().on('GET /v1/pods/p', { status: 200, body: podBody('p', { deployed }) });
    api().on('POST /v1/pods/p/rollback', accepted);
  };

  it.each([
    [id, id],
    ['4', 'r4'],
    ['1', 'r1'],
    ['-1', 'r2'],
    ['-2', 'r1'],
  ])('%s is %s', async (named, revision) => {
    play();
    expect((await run(`rollback ${named} --discard-draft --summary back`)).exitCode).toBe(0);
    expect(bodyOf('POST /v1/pods/p/rollback')).toEqual({ revision, summary: 'back', discardDraft: true });
  });

  it.each(['9', '-3', '-0'])('%s is refused before anything is sent', async (named) => {
    play();
    expect((await run(`rollback ${named}`)).exitCode).not.toBe(0);
    expect(calls().filter((call) => call.startsWith('POST'))).toEqual([]);
  });
});

describe('the picture of a plan', () => {
  const change = (kind: string, name: string, fields: Record<string, unknown>) => ({
    kind,
    name,
    urn: `urn:brain:${kind.toLowerCase()}:default:${name}`,
    interruption: null,
    dataAtRisk: null,
    reasons: [],
    ...fields,
  });

  it('is a line for each change, with what is interrupted, the room there is and what the cluster says', async () => {
    const changes = [
      change('App', 'web', { action: 'roll', reasons: ['image changes'] }),
      change('App', 'store', {
        action: 'restart',
        interruption: { what: 'App "store"', seconds: 31, why: 'it has a Disk' },
        reasons: ['env changes'],
      }),
      change('Route', 'web', {
        action: 'delete',
        interruption: { what: 'https://w.test', seconds: null, why: 'the Route is removed' },
      }),
      change('Disk', 'd', { action: 'delete', dataAtRisk: 'All files on it.' }),
      change('Config', 'c', { action: 'none' }),
    ];
    const cluster = {
      accepted: false,
      message: null,
      refusals: [{ path: 'App/web', message: 'Too large.' }],
    };
    const faults = [{ path: 'Postgres/db', message: 'Does not run here yet.' }];
    api().on('GET /v1/pods/p/plan', {
      status: 200,
      body: planBody({ changes, cluster, faults, canDeploy: false }),
    });
    const { stdout } = await run('plan');
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      '  ↻ App/web    rolled, without interruption',
      '      image changes',
      '  ! App/store  restarted',
      '      env changes',
      '      interrupted: App "store" for up to 31 s, because it has a Disk',
      '  - Route/web  deleted',
      '      interrupted: https://w.test for good, because the Route is removed',
      '  - Disk/d     deleted',
      '      data at risk: All files on it.',
      '  = 1 unchanged',
      '',
      'CAPACITY  USED',
      'apps      1        of 2      ██████████░░░░░░░░░░ 50%',
      'CPU       1.5 CPU  of 1 CPU  ████████████████████ 150%',
      'memory    1.5 GiB  -         no limit',
      'disk      0 GB     of 10 GB  ░░░░░░░░░░░░░░░░░░░░ 0%',
      '',
      '✗ The cluster refuses it:',
      '  App/web: Too large.',
      '✗ Postgres/db: Does not run here yet.',
      '',
      'It cannot be deployed as it is.',
      '',
    ]);
  });

  it('ends with how to deploy exactly this, or with what to do first', async () => {
    const changes = [change('App', 'web', { action: 'create' })];
    api().on('GET /v1/pods/p/plan', { status: 200, body: planBody({ changes }) });
    expect((await run('plan')).stdout).toContain(
      'Nothing is interrupted. Deploy exactly this: brainpod deploy --wait --plan plan:abc',
    );
    const cluster = { accepted: null, message: 'It does not answer.', refusals: [] };
    api().on('GET /v1/pods/p/plan', { status: 200, body: planBody({ canDeploy: false, cluster }) });
    const { stdout } = await run('plan');
    expect(stdout).toContain('not known: It does not answer.');
    expect(stdout).toContain('brainpod resource create');
  });
});

describe('what comes out', () => {
  it('shows the secret of a key once, and the whole body to programs', async () => {
    const made = keyBody({ secret: 'brain_secret' });
    api().on('POST /v1/keys', { status: 201, body: made });
    api().on('GET /v1/keys', { status: 200, body: [keyBody({ revokedAt: '2026-02-02T00:00:00Z' })] });
    const args = 'key create ci --allow pods:read';
    expect((await run(args)).stdout).toMatch(/brain_secret[\s\S]*pods:read on foxes-vanish/);
    expect(JSON.parse((await run(`${args} --json`)).stdout)).toEqual(made);
    expect((await run('key list')).stdout).toMatch(/ci +revoked/);
  });

  it('shows who did what', async () => {
    const entry = {
      id: '7',
      at: '2026-01-02T03:04:05.000Z',
      operation: 'deployPod',
      actor: { email: 'ada@example.com', keyId: 'k', keyName: 'laptop' },
      pod: 'p',
      target: null,
      revision: id,
      address: '127.0.0.1',
      requestId: 'r',
    };
    const next = { href: '/v1/pods/p/audit?limit=20&cursor=7' };
    api().on('GET /v1/pods/p/audit', { status: 200, body: { items: [entry], _links: { next } } });
    const { stdout } = await run('audit --pod p');
    expect(stdout).toMatch(/ada@example\.com \(laptop\) +deployPod +p +- +127\.0\.0\.1/);
    expect(stdout).toContain('brainpod audit --pod p --cursor 7');
  });

  it('finds the address of the only route, and asks which where there are more', async () => {
    const only = [appBody('web'), routeBody('web', 'web-p.test')];
    api().on('GET /v1/pods/p/resources', { status: 200, body: only });
    expect((await run('open --no-browser')).stdout).toBe('https://web-p.test/\n');
    api().on('GET /v1/pods/p/resources', { status: 200, body: [...only, routeBody('api', 'api-p.test')] });
    expect((await run('open')).stderr).toContain('There is: web, api');
    expect((await run('open api --no-browser --json')).stdout).toContain('"https://api-p.test/"');
    expect((await run('open shop')).stderr).toMatch(/no route "shop"[\s\S]*There is: web, api/);
  });

  it('shows variables without their secrets', async () => {
    const variable = (fields: object) => ({
      urn: 'u',
      name: 'host',
      ref: `$\{db.host}`,
      secret: false,
      resolved: true,
      value: 'db',
      description: 'where it is',
      ...fields,
    });
    const items = [
      variable({}),
      variable({ name: 'password', ref: `$\{db.password}`, secret: true, value: null }),
      variable({ name: 'uri', secret: true, resolved: false, value: null }),
    ];
    api().on('GET /v1/pods/p/variables', { status: 200, body: { items } });
    const { stdout } = await run('resource variables');
    expect(stdout).toMatch(/host +\$\{db\.host\} +db +where it is/);
    expect(stdout).toMatch(/password +\$\{db\.password\} +secret/);
    expect(stdout).toMatch(/uri .* not known yet/);
  });

  it('describes its own commands and, without any server, the kinds', async () => {
    expect((await run('describe pod create')).stdout).toContain('--display-name <text>');
    expect(JSON.parse((await run('describe rollback --json')).stdout)).toMatchObject({
      command: 'rollback',
      arguments: [{ name: 'revision', required: true }],
    });
    expect((await run('describe resource list')).stdout).toContain('List the resources');
    expect(await run('describe nothing')).toMatchObject({ exitCode: 2 });
    const environment = { BRAINPOD_OPENAPI_URL: `${api().origin}/away` };
    const described = await run('describe resource app --json', { environment });
    expect(JSON.parse(described.stdout)).toMatchObject({ source: 'embedded', kind: 'App' });
    expect((await run('describe resource', { environment })).stdout).toContain('MariaDB');
  });
});

describe('what to do next', () => {
  it.each([
    ['pod get q', 404, 'NOT_FOUND', 'There is no such pod.', 'brainpod pod list'],
    ['resource list', 404, 'NOT_FOUND', 'There is no such pod.', 'brainpod pod list'],
    ['resource get app web', 404, 'NOT_FOUND', 'There is no App "web" in pod p.', 'brainpod resource list'],
    [`revision get ${id}`, 404, 'NOT_FOUND', 'Pod p has no such revision.', 'brainpod revision list'],
    ['image list', 404, 'NOT_FOUND', 'There is no operation GET /x.', 'does not offer that yet'],
    ['plan', 401, 'UNAUTHORIZED', 'The key is unknown.', 'brainpod login'],
    ['plan', 403, 'FORBIDDEN', 'The key may not.', 'brainpod whoami'],
    ['deploy', 412, 'PRECONDITION_FAILED', 'The head is deployed.', 'brainpod resource create'],
    ['deploy --plan plan:x', 412, 'PRECONDITION_FAILED', 'The plan differs.', 'brainpod plan'],
    ['deploy', 412, 'PRECONDITION_FAILED', 'Pod p is stopped.', 'brainpod pod start p'],
    [`rollback ${id}`, 412, 'PRECONDITION_FAILED', 'The draft holds changes.', '--discard-draft'],
    ['resource delete app web', 412, 'PRECONDITION_FAILED', 'App web is locked.', 'brainpod resource list'],
    ['redeploy', 412, 'PRECONDITION_FAILED', 'Not failed.', 'brainpod revision list'],
    ['deploy', 400, 'VALIDATION_ERROR', 'Cannot run.', 'brainpod plan'],
  ])('%s, %i: %s', async (args, status, code, message, advice) => {
    const answer = { status, body: errorBody(code, message) };
    for (const method of ['GET', 'POST', 'DELETE']) {
      for (const path of [
        '',
        '/q',
        '/p/resources',
        '/p/plan',
        '/p/deploy',
        '/p/redeploy',
        '/p/rollback',
        '/p/images',
      ])
        api().on(`${method} /v1/pods${path}`, answer);
      api().on(`${method} /v1/pods/p/resources/App/default/web`, answer);
      api().on(`${method} /v1/pods/p/revisions/${id}`, answer);
    }
    const outcome = await run(args);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(`error: ${message}`);
    expect(outcome.stderr).toContain(advice);
  });

  it('says where limits are raised, to programs too', async () => {
    const body = errorBody('VALIDATION_ERROR', 'Too much.', [{ path: 'limits.apps', message: '3 of 2.' }]);
    api().on('POST /v1/pods/p/resources', { status: 400, body });
    const world = { stdin: 'kind: App' };
    expect((await run('resource create -f -', world)).stderr).toContain('brainpod pod limits');
    const { error } = JSON.parse((await run('resource create -f - --json', world)).stderr);
    expect(error).toMatchObject({
      httpStatus: 400,
      resolution: expect.any(String),
      upgradeUrl: `${api().origin}/onboarding?upgrade=1`,
    });
  });

  it('waits as long as the API asks and tries again, also a POST, and says so', async () => {
    const busy = {
      status: 429,
      body: errorBody('RATE_LIMITED', 'Slow down.'),
      headers: { 'retry-after': '0' },
    };
    api().on('POST /v1/pods', busy, { status: 201, body: podBody('new') });
    const outcome = await run('pod create');
    expect([outcome.exitCode, calls()]).toEqual([0, ['POST /v1/pods', 'POST /v1/pods']]);
    expect(outcome.stderr).toMatch(/Too many requests with this key; trying again in/);
    const keys = api().seen.map(({ headers }) => headers['idempotency-key']);
    expect(keys[0]).toBe(keys[1]);
  });

  it('where nothing listens', async () => {
    const environment = { BRAINPOD_API_ENDPOINT: 'http://127.0.0.1:1' };
    const outcome = await run('pod list', { environment });
    expect([outcome.exitCode, outcome.stderr]).toEqual([
      1,
      expect.stringContaining('brainpod engine status'),
    ]);
  });
});
