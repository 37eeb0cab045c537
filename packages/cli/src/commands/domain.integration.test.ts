import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { recordedCli } from '../testing/recorded-cli.ts';
import { domainBody, errorBody } from '../testing/sample-bodies.ts';

const { api, home, run, calls, bodyOf } = recordedCli();
const LIST = 'GET /v1/pods/q/domains';
const ONE = '/v1/pods/q/domains/www.example.com';
const CHECK = `POST ${ONE}/check`;
const answer = (body: unknown, status = 200) => ({ status, body });
const DUE = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T00:00:15.000Z';
const lookedAt = (changes: object) => answer([domainBody({ nextAttemptAt: LATER, ...changes })]);

describe('the list', () => {
  it('shows how far each has come, what is in the way, and the records on lines to copy', async () => {
    const active = domainBody({
      domain: 'api.example.com',
      state: 'active',
      reason: null,
      verifiedAt: DUE,
      certificate: { issuer: 'acme', notBefore: DUE, notAfter: '2026-04-01T00:00:00.000Z' },
    });
    api().on(LIST, answer([active, domainBody({ reason: 'At the moment there is no record.' })]));
    const { stdout, exitCode } = await run('domain list q', { environment: { TZ: 'UTC' } });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/api\.example\.com +active +urn:brain:route:default:web +until 2026-04-01/);
    expect(
      stdout
        .split('\n')
        .slice(3)
        .map((line) => line.trimEnd()),
    ).toEqual([
      '',
      'www.example.com',
      'At the moment there is no record.',
      '  SET ONE  NAME                       VALUE',
      '  CNAME    www.example.com            web-q.example.test',
      '  TXT      _brainpod.www.example.com  brainpod=abc',
      '',
    ]);
  });

  it('is that of the pod in the settings where none is named, and says where domains are named', async () => {
    api().on('GET /v1/pods/p/domains', answer([]));
    expect((await run('domain list')).stdout).toContain('spec.domains of a Route');
  });

  it('is the whole body for programs', async () => {
    const body = [domainBody()];
    api().on(LIST, answer(body));
    expect(JSON.parse((await run('domain list q --json')).stdout)).toEqual(body);
  });
});

describe('a check', () => {
  it('is asked for under the name as the platform writes it', async () => {
    api().on(CHECK, answer(domainBody(), 202));
    const { stdout } = await run('domain check q WWW.Example.com.');
    expect(calls()).toEqual([CHECK]);
    expect(stdout).toMatch(/www\.example\.com is looked at[\s\S]*CNAME +www[\s\S]*brainpod domain list q/);
  });

  it('that is waited for tells each thing that changes, and ends when it is active after the look', async () => {
    const stale = domainBody({ state: 'failed', reason: 'From before.', nextAttemptAt: DUE });
    api().on(CHECK, answer(stale, 202));
    api().on(
      LIST,
      answer([stale]),
      lookedAt({ state: 'waitingForDns', reason: 'No record.' }),
      answer(errorBody('SERVICE_UNAVAILABLE', 'Away.'), 503),
      lookedAt({ state: 'issuing', reason: null }),
      lookedAt({ state: 'active', reason: null, verifiedAt: DUE }),
    );
    const outcome = await run('domain check q www.example.com --wait');
    expect(outcome.exitCode).toBe(0);
    const told = outcome.stderr.split('\n').filter((line) => line.includes('www.example.com'));
    expect(told.map((line) => line.replace(/^ +\d+\.\d+s {2}/, ''))).toEqual([
      'www.example.com  failed  From before.',
      'www.example.com  waitingForDns  No record.',
      'www.example.com  issuing',
      'www.example.com  active',
    ]);
    expect(outcome.stdout).toContain('https://www.example.com');
  });

  it('for programs is the domain at the end, and nothing before', async () => {
    const active = domainBody({ state: 'active', reason: null, nextAttemptAt: LATER, verifiedAt: DUE });
    api().on(CHECK, answer(domainBody({ nextAttemptAt: DUE }), 202));
    api().on(LIST, answer([active]));
    const outcome = await run('domain check q www.example.com --wait --json');
    expect([JSON.parse(outcome.stdout), outcome.stderr]).toEqual([active, '']);
  });

  it.each([
    ['failed', 'The authority refuses it.', 'failed. The authority refuses it.'],
    ['renewing', 'It is away.', 'is served, but its certificate could not be renewed. It is away.'],
  ])('ends where it is %s, with the reason and what to do', async (state, reason, words) => {
    api().on(CHECK, answer(domainBody({ nextAttemptAt: DUE }), 202));
    api().on(LIST, lookedAt({ state, reason }));
    const outcome = await run('domain check q www.example.com --wait');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain(`error: www.example.com ${words}`);
    expect(outcome.stderr).toContain(`again by itself at ${LATER}`);
  });

  it('says what is in the way and which record to set when the time is over', async () => {
    api().on(CHECK, answer(domainBody({ nextAttemptAt: DUE }), 202));
    api().on(LIST, lookedAt({ reason: 'No record.' }));
    const { exitCode, stderr } = await run('domain check q www.example.com --wait --timeout 1');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is waitingForDns, and not active after 1 seconds. No record.');
    expect(stderr).toContain('  TXT  _brainpod.www.example.com  brainpod=abc\n');
    expect(stderr).toContain('--wait --timeout 1800');
  });

  it('ends where no Route names it any more, and at Ctrl-C', async () => {
    api().on(CHECK, answer(domainBody({ nextAttemptAt: DUE }), 202));
    api().on(LIST, answer([]));
    const gone = await run('domain check q www.example.com --wait');
    expect([gone.exitCode, gone.stderr]).toEqual([1, expect.stringContaining('names the domain')]);
    api().on(LIST, lookedAt({}));
    api().seen.length = 0;
    const pressed = new AbortController();
    const waiting = run('domain check q www.example.com --wait', { signal: pressed.signal });
    await vi.waitFor(() => expect(calls()).toContain(LIST), 5000);
    pressed.abort();
    expect((await waiting).stderr).toContain('Stopped waiting. The platform goes on by itself.');
  });

  it.each(['q https://www.example.com', 'q www.example.com/x', 'q', 'q www.example.com --timeout 5'])(
    'of %s is refused with exit code 2',
    async (args) => {
      expect((await run(`domain check ${args}`)).exitCode).toBe(2);
      expect(calls()).toEqual([]);
    },
  );

  it('of what no Route names says where the domains are', async () => {
    api().on(CHECK, answer(errorBody('NOT_FOUND', 'No Route of pod q names the domain.'), 404));
    expect((await run('domain check q www.example.com')).stderr).toContain('brainpod domain list q');
  });
});

describe('a certificate', () => {
  const CERT = '-----BEGIN CERTIFICATE-----\nc\n-----END CERTIFICATE-----\n';
  const KEY = '-----BEGIN PRIVATE KEY-----\nk\n-----END PRIVATE KEY-----\n';
  const PATH = `${ONE}/certificate`;
  const set = async (cert: string, key: string, flags: string[] = []) => {
    const [certFile, keyFile] = [join(home(), 'cert file.pem'), join(home(), 'key.pem')];
    await writeFile(certFile, cert);
    await writeFile(keyFile, key);
    const files = ['--cert', certFile, '--key', keyFile];
    return await run(['domain', 'certificate', 'set', 'q', 'www.example.com', ...files, ...flags]);
  };

  it('is set from two files, and its key is shown nowhere', async () => {
    const certificate = { issuer: 'own', notBefore: DUE, notAfter: LATER };
    const body = domainBody({ state: 'active', reason: null, verifiedAt: DUE, certificate });
    api().on(`PUT ${PATH}`, answer(body));
    const outcome = await set(CERT, KEY);
    expect(bodyOf(`PUT ${PATH}`)).toEqual({ certificate: CERT, key: KEY });
    expect(outcome.stdout).toMatch(/has your certificate[\s\S]*Certificate +yours, until/);
    expect(`${outcome.stdout}${outcome.stderr}`).not.toContain('PRIVATE');
    expect(JSON.parse((await set(CERT, KEY, ['--json'])).stdout)).toEqual(body);
  });

  it('is not sent where the files hold something else, with all that is wrong', async () => {
    const swapped = await set(KEY, CERT);
    expect(swapped.exitCode).toBe(1);
    expect(swapped.stderr).toMatch(
      /holds no certificate[\s\S]*private key; name it[\s\S]*no private key as PEM/,
    );
    expect((await set(`${KEY}${CERT}`, KEY)).stderr).toContain('holds a private key');
    const missing = await run('domain certificate set q www.example.com --cert /no/file --key /no/file');
    expect(missing.stderr).toContain('/no/file cannot be read');
    expect((await run('domain certificate set q www.example.com --cert x')).exitCode).toBe(2);
    expect(calls()).toEqual([]);
  });

  it('that cannot be served says why, and how to look into it', async () => {
    const details = [{ path: 'certificate', message: 'Is not for www.example.com.' }];
    api().on(`PUT ${PATH}`, answer(errorBody('VALIDATION_ERROR', 'It cannot be served.', details), 400));
    expect((await set(CERT, KEY)).stderr).toMatch(/certificate: Is not for www[\s\S]*openssl x509/);
  });

  it('is removed', async () => {
    api().on(`DELETE ${PATH}`, answer(domainBody()));
    const { stdout } = await run('domain certificate remove q www.example.com');
    expect(stdout).toContain('brainpod domain check q www.example.com --wait');
    expect(calls()).toEqual([`DELETE ${PATH}`]);
  });
});

it('domains are completed, those of the pod that the line names', async () => {
  api().on(LIST, answer([domainBody()]));
  const candidates = async (...words: string[]) =>
    (await run(['__complete', '--', ...words])).stdout.split('\n').filter(Boolean);
  expect(await candidates('domain', 'check', 'q', '')).toEqual(['www.example.com\twaitingForDns']);
  expect(await candidates('domain', 'certificate', 'se')).toEqual([expect.stringMatching(/^set\t/)]);
  expect(await candidates('domain', 'certificate', 'set', 'q', 'w')).toHaveLength(1);
  expect(await candidates('domain', 'certificate', 'set', 'q', 'w', '--key', '')).toEqual([':files']);
});
