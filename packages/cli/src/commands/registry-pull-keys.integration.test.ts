import { expect, it } from 'vitest';
import { recordedCli } from '../testing/recorded-cli.ts';
import { errorBody } from '../testing/sample-bodies.ts';

const { api, run, calls } = recordedCli();
const PATH = '/v1/operator/pull-keys';
const MADE = '2026-01-01T00:00:00.000Z';
const key = (id: number, changes: object = {}) => ({
  id,
  madeAt: MADE,
  pods: 0,
  refusedAfter: null,
  ...changes,
});

it('shows until when each key is accepted', async () => {
  const refusedAfter = '2026-01-01T02:00:00.000Z';
  const body = [key(1, { refusedAfter }), key(2, { pods: 3 }), key(3, { pods: 40 })];
  api().on(`GET ${PATH}`, { status: 200, body });
  const { stdout } = await run('registry pull-keys list', { environment: { TZ: 'UTC' } });
  expect(stdout).toMatch(/1 +2026-01-01 00:00\S* +0 +until 2026-01-01 02:00/);
  expect(stdout).toMatch(/2 .* 3 +until its pods have a newer one/);
  expect(stdout).toMatch(/3 .* 40 +it is the newest/);
  expect(JSON.parse((await run('registry pull-keys list --json')).stdout)).toEqual(body);
});

it('replaces it', async () => {
  api().on(`POST ${PATH}`, { status: 201, body: key(4) });
  const { stdout, exitCode } = await run('registry pull-keys rotate');
  expect([exitCode, stdout]).toEqual([0, expect.stringContaining('passwords of key 4')]);
  expect(calls()).toEqual([`POST ${PATH}`]);
});

it('says who may', async () => {
  api().on(`POST ${PATH}`, {
    status: 403,
    body: errorBody('FORBIDDEN', 'Only the operator of this installation may do this.'),
  });
  const { stderr, exitCode } = await run('registry pull-keys rotate');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining('Only the operator')]);
});
