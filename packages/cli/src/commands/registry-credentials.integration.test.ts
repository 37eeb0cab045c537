import { describe, expect, it } from 'vitest';
import { recordedCli } from '../testing/recorded-cli.ts';
import { errorBody } from '../testing/sample-bodies.ts';

const { api, run, calls, bodyOf } = recordedCli();
const PATH = '/v1/pods/p/registry-credentials';
const credentials = (changes: object = {}) => ({
  registry: 'ghcr.io',
  username: 'ann',
  setAt: '2026-01-01T00:00:00.000Z',
  _links: {},
  ...changes,
});
const answer = (body: unknown, status = 200) => ({ status, body });

describe('the list', () => {
  it('shows registries, users and times', async () => {
    api().on(`GET ${PATH}`, answer([credentials({ registry: 'docker.io' }), credentials()]));
    const { stdout, exitCode } = await run('registry credentials list', { environment: { TZ: 'UTC' } });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/docker\.io +ann +2026-01-01 00:00/);
    api().reset();
    api().on(`GET ${PATH}`, answer([]));
    expect((await run('registry credentials list')).stdout).toContain('no credentials for other registries');
  });

  it('is the whole body for programs', async () => {
    api().on(`GET ${PATH}`, answer([credentials()]));
    expect(JSON.parse((await run('registry credentials list --json')).stdout)).toEqual([credentials()]);
  });
});

describe('setting them', () => {
  it('sends what was piped in, without the end of its line, and shows none of it', async () => {
    const call = `PUT ${PATH}/registry.example.com%3A5000`;
    api().on(call, answer(credentials({ registry: 'registry.example.com:5000' })));
    const outcome = await run('registry credentials set registry.example.com:5000 -u ann', {
      stdin: ' two words\nand a line\r\n',
    });
    expect(outcome.exitCode).toBe(0);
    expect(bodyOf(call)).toEqual({ username: 'ann', password: ' two words\nand a line' });
    expect(outcome.stdout).toContain('fetched as ann');
    expect(outcome.stdout + outcome.stderr).not.toContain('two words');
  });

  it('asks a person, and shows nothing of what is typed', async () => {
    const call = `PUT ${PATH}/ghcr.io`;
    api().on(call, answer(credentials()));
    const typed = { stdin: 'a typed secret\n', stdinTty: true };
    const outcome = await run('registry credentials set ghcr.io --username ann', typed);
    expect(outcome.exitCode).toBe(0);
    expect(bodyOf(call)).toEqual({ username: 'ann', password: 'a typed secret' });
    expect(outcome.stderr).toContain('Password or token of ann at ghcr.io');
    expect(outcome.stdout + outcome.stderr).not.toContain('a typed secret');
  });

  it('sends nothing where there is nothing, or a person gives up', async () => {
    const empty = await run('registry credentials set ghcr.io -u ann', { stdin: '\n' });
    expect([empty.exitCode, empty.stderr]).toEqual([1, expect.stringContaining('There is no password')]);
    const left = { stdin: 'half\u0003', stdinTty: true };
    const givenUp = await run('registry credentials set ghcr.io -u ann', left);
    expect([givenUp.exitCode, givenUp.stderr]).toEqual([1, expect.stringContaining('nothing was changed')]);
    expect(calls()).toEqual([]);
  });

  it.each([
    ['https://index.docker.io/v1/', 'index.docker.io'],
    ['https://ghcr.io/', 'ghcr.io'],
  ])('knows %s as docker writes it', async (written, host) => {
    api().on(`PUT ${PATH}/${host}`, answer(credentials()));
    await run(['registry', 'credentials', 'set', written, '-u', 'ann'], { stdin: 'x' });
    expect(calls()).toEqual([`PUT ${PATH}/${host}`]);
  });

  it.each(['ghcr.io/owner', 'user@ghcr.io', ''])('refuses %j, which is no host', async (written) => {
    const outcome = await run(['registry', 'credentials', 'set', written, '-u', 'ann'], { stdin: 'x' });
    expect([outcome.exitCode, outcome.stderr]).toEqual([2, expect.stringContaining('Only the host')]);
    expect(calls()).toEqual([]);
  });
});

describe('removing them', () => {
  it('says how its images are fetched from now on', async () => {
    api().on(`DELETE ${PATH}/ghcr.io`, answer(credentials()));
    expect((await run('registry credentials remove ghcr.io')).stdout).toContain('as anybody');
  });

  it('leads to the list where there are none', async () => {
    api().on(
      `DELETE ${PATH}/ghcr.io`,
      answer(errorBody('NOT_FOUND', 'Pod p has no credentials for ghcr.io.'), 404),
    );
    const { exitCode, stderr } = await run('registry credentials remove ghcr.io');
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('brainpod registry credentials list')]);
  });
});
