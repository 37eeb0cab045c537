import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { style } from '../testing/plain-style.ts';
import { recordedCli } from '../testing/recorded-cli.ts';
import { appBody, EVENT_STREAM, errorBody, revisionBody, streamBody } from '../testing/sample-bodies.ts';
import { waitPicture } from './wait-view.ts';

const { api, home, run, calls } = recordedCli();
const id = '11111111-1111-4111-8111-111111111111';
const stream = (...records: Parameters<typeof streamBody>) => ({
  status: 200,
  body: streamBody(...records),
  headers: EVENT_STREAM,
});
const END = { event: 'end', data: {} };

describe('waiting for a revision', () => {
  const WATCH = `GET /v1/pods/p/revisions/${id}/watch`;
  const GET = `GET /v1/pods/p/revisions/${id}`;
  const starting = {
    urn: 'urn:brain:app:default:web',
    healthy: false,
    status: {
      phase: 'Starting',
      readyReplicas: 0,
      replicas: [{ name: 'web-1', phase: 'Starting', reason: 'Its image is being pulled' }],
    },
  };
  const progress = (state: string, changes: object = {}) => ({
    event: 'revision',
    data: { ...revisionBody({ state }), phase: state, ...changes },
  });

  it('tells what happens as it happens, and ends with the revision itself', async () => {
    api().on(
      WATCH,
      stream(
        { ...progress('pending', { phase: 'waiting' }), id: 'a' },
        { ...progress('pending'), id: 'b' },
        END,
      ),
      stream(
        { ...progress('ready', { resources: [starting] }), id: 'c' },
        { ...progress('deployed'), id: 'd' },
        END,
      ),
    );
    api().on(GET, { status: 200, body: revisionBody({ resources: [appBody('web')] }) });
    const outcome = await run(`revision wait ${id}`);
    expect(outcome.exitCode).toBe(0);
    expect(outcome.stderr.split('\n').map((line) => line.replace(/^ +\d+\.\d+s {2}/, ''))).toEqual([
      'revision 1  waiting  for the deploy before it',
      'revision 1  pending',
      'revision 1  ready',
      'App/web  Starting  0 of 1 ready, Its image is being pulled',
      'revision 1  deployed',
      'App/web  healthy  2 of 2 ready',
      '',
    ]);
    expect(api().seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, 'b', undefined]);
  });

  it('connects again after a break, and asks every second where the server does not tell', async () => {
    const broken = { ...stream({ ...progress('pending'), id: 'a' }) };
    api().on(WATCH, broken, stream({ ...progress('deployed'), id: 'b' }, END));
    api().on(GET, { status: 200, body: revisionBody() });
    const again = await run(`revision wait ${id}`);
    expect([again.exitCode, calls().length]).toEqual([0, 3]);
    api().reset();
    api().on(GET, { status: 200, body: revisionBody() });
    const asked = await run(`revision wait ${id}`);
    expect([asked.exitCode, calls().map((call) => call.split('?')[0])]).toEqual([0, [WATCH, GET]]);
  });

  it('ends at Ctrl-C, and says that the deploy goes on and how to follow it', async () => {
    const pressed = new AbortController();
    api().on(GET, { status: 200, body: revisionBody({ state: 'pending' }) });
    const waiting = run(`revision wait ${id}`, { signal: pressed.signal });
    await vi.waitFor(() => expect(calls()).toContain(GET));
    pressed.abort();
    const outcome = await waiting;
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(
      `error: Stopped waiting. The deployment goes on.\nFollow it with: brainpod revision wait ${id}`,
    );
  });

  it('draws instances that are not ready below their app, no wider than the terminal', () => {
    const event = (subject: string, state: string, changes: object = {}) => ({
      subject,
      state,
      detail: '',
      instances: [],
      elapsedMs: 0,
      ...changes,
    });
    const instances = [
      { name: 'web-1', phase: 'Ready', reason: '' },
      { name: 'web-2', phase: 'Starting', reason: 'Its image is being pulled from far away' },
    ];
    const events = [
      event('revision 12', 'ready'),
      event('App/web', 'Starting', { detail: '1 of 2 ready', instances }),
      event('Route/web', 'healthy'),
    ];
    expect(waitPicture(events, style, { elapsedMs: 3200, columns: 50 })).toEqual([
      '  revision 12  ready      3.2s',
      '  App/web      Starting   1 of 2 ready',
      '    └ web-2  Starting  Its image is being pulled…',
      '  Route/web    healthy',
    ]);
  });
});

describe('logs', () => {
  const LOGS = 'GET /v1/pods/p/resources/App/default/web/logs';
  const line = (instance: string, second: number, body: string) => ({
    event: 'line',
    data: { instance, timestamp: `2026-01-01T00:00:0${second}.000Z`, body },
  });

  it('shows what there is, with the instance before each line', async () => {
    api().on(LOGS, stream(line('web-1', 1, 'one'), line('web-2', 2, 'two'), END));
    const outcome = await run('logs web --tail 5');
    expect(outcome).toEqual({ exitCode: 0, stdout: 'web-1  one\nweb-2  two\n', stderr: '' });
    expect(calls()).toEqual([`${LOGS}?tail=5&follow=false`]);
  });

  it('follows over the end of a stream, shows nothing twice, and ends with what the API refuses', async () => {
    const refused = errorBody('NOT_FOUND', 'There is no App "web" in pod p.');
    api().on(
      LOGS,
      stream(line('web-1', 1, 'one'), line('web-1', 2, 'two'), END),
      stream(line('web-1', 2, 'two'), line('web-1', 2, 'also two'), { event: 'error', data: refused }),
    );
    const outcome = await run('logs web -f --json');
    expect(outcome.exitCode).toBe(1);
    expect(
      outcome.stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text).body),
    ).toEqual(['one', 'two', 'also two']);
    expect(JSON.parse(outcome.stderr).error.code).toBe('NOT_FOUND');
    expect(calls()[1]).toBe(`${LOGS}?tail=1000&since=2026-01-01T00%3A00%3A02.000Z`);
  });
});

describe('events', () => {
  const URN = 'urn:brain:app:default:web';
  const WATCH = 'GET /v1/pods/p/events/watch';
  const event = (id: string, body: string) => ({
    event: 'event',
    id,
    data: { id, kind: 'app', level: 'info', timestamp: '2026-01-01T00:00:00Z', body },
  });

  it('go on with the same query after the last id when a stream ends, and stop at an error', async () => {
    const refused = errorBody('FORBIDDEN', 'No more.');
    api().on(
      WATCH,
      stream(event('1', 'one'), { event: 'message', id: '2', data: event('2', 'two').data }, END),
      stream({ ...END, id: '3' }),
      stream({ event: 'error', data: refused }),
    );
    const outcome = await run(`events --resource ${URN} --watch --duration 2 --range 5m --json`);
    expect(outcome.exitCode).toBe(1);
    expect(
      outcome.stdout
        .trimEnd()
        .split('\n')
        .map((text) => JSON.parse(text).body),
    ).toEqual(['one', 'two']);
    expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'FORBIDDEN', message: 'No more.' });
    expect(new Set(calls()).size).toBe(1);
    expect(api().seen.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '2', '3']);
  });

  it.each([
    ['a stream without an end', stream(event('1', 'one'))],
    ['an event that nobody knows', stream({ event: 'other', data: {} }, END)],
    [
      'another content type',
      { status: 200, body: streamBody(END), headers: { 'content-type': 'text/plain' } },
    ],
  ])('fail on %s', async (_what, reply) => {
    api().on(WATCH, reply);
    expect((await run(`events --resource ${URN} --watch`)).exitCode).toBe(1);
  });

  it('show a request on a line', async () => {
    const request = { kind: 'httpAccess', method: 'GET', host: 'a.test', path: '/x', status: 503 };
    const data = { ...event('1', '').data, ...request, durationMs: 2.5, responseFlags: 'UF' };
    api().on('GET /v1/pods/p/events', { status: 200, body: { items: [data], _links: { next: null } } });
    const { stdout } = await run('events --resource urn:brain:route:default:web');
    expect(stdout).toMatch(/httpAccess +- +503 GET a\.test\/x 2\.5 ms UF/);
  });

  it('add up to metrics, a line for each revision', async () => {
    const total = { requests: 200, errors: 3, ratePerSecond: 0.5, p50Ms: 1.5, p95Ms: 9, p99Ms: null };
    const series = [{ route: 'www', app: 'web', revision: 7, total, points: [] }];
    api().on('GET /v1/pods/p/metrics', { status: 200, body: { series } });
    const { stdout } = await run('metrics --resource urn:brain:route:default:www');
    expect(stdout).toMatch(/www +web +7 +200 +0\.5 +3 \(1\.5 %\) +1\.5 ms +9 ms +-/);
  });

  it('find the URN of a name', async () => {
    api().on('GET /v1/pods/p/resources/resolve/web', { status: 200, body: { urn: URN, uuid: id } });
    api().on('GET /v1/pods/p/events', {
      status: 200,
      body: { items: [event('1', 'hello').data], _links: { next: null } },
    });
    expect((await run('events --resource web')).stdout).toMatch(/app +info +hello/);
  });

  it.each(['--level info', '--kind platform --level info', '--duration 5', '--range 2h', '--kind other'])(
    'refuse %s with exit code 2',
    async (flags) => {
      expect((await run(`events --resource ${URN} ${flags}`)).exitCode).toBe(2);
      expect(calls()).toEqual([]);
    },
  );
});

describe('login', () => {
  /** Plays the page: gives what a person would be sent back to. */
  async function signIn(answer: (state: string) => string): Promise<Awaited<ReturnType<typeof run>>> {
    return await run('login --no-browser --json', { environment: { BRAINPOD_API_TOKEN: '' }, onLine: visit });

    async function visit(text: string): Promise<void> {
      const { event, url } = JSON.parse(text);
      if (event !== 'authorize') return;
      const { searchParams } = new URL(url);
      const back = searchParams.get('redirect_uri') ?? '';
      expect(back).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
      const state = searchParams.get('state') ?? '';
      expect(state).toMatch(/^[0-9a-f]{64}$/);
      expect((await fetch(`${back}?token=brain_evil&state=${'0'.repeat(64)}`)).status).toBe(400);
      expect((await fetch(`${back}?token=nonsense&state=${state}`)).status).toBe(400);
      expect((await fetch(back.replace('callback', 'other'))).status).toBe(404);
      await fetch(`${back}?${answer(state)}`);
    }
  }

  it('keeps the approved key, once the API knows it', async () => {
    const user = { email: 'ada@example.com', policy: null, permissions: [], _links: {} };
    api().on('GET /v1/me', { status: 200, body: user });
    const outcome = await signIn((state) => `token=brain_new&state=${state}`);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    const [authorize, authenticated] = outcome.stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    expect(authorize).toEqual({
      event: 'authorize',
      expiresInSeconds: 600,
      url: expect.stringContaining(api().origin),
    });
    expect(authenticated).toEqual({ event: 'authenticated', user });
    expect(api().seen[0]?.headers.authorization).toBe('Bearer brain_new');
    const file = await readFile(join(home(), '.config/brainpod/config.toml'), 'utf8');
    expect(file).toContain('api_token = "brain_new"');
  });

  it('says that it was refused', async () => {
    const outcome = await signIn((state) => `error=access_denied&state=${state}`);
    expect([outcome.exitCode, JSON.parse(outcome.stderr).error.message]).toEqual([
      1,
      'You refused. You are not signed in.',
    ]);
  });
});
