import { describe, expect, it } from 'vitest';
import { recordedCli } from '../testing/recorded-cli.ts';
import { errorBody } from '../testing/sample-bodies.ts';

const { api, run, calls, bodyOf } = recordedCli();
const PATH = '/v1/pods/p/images/cleanup';
const image = (changes: object = {}) => ({
  ...{ repository: 'web', tags: ['v1'], digest: `sha256:${'a'.repeat(64)}` },
  ...{ pushedAt: '2020-01-01T00:00:00.000Z', reason: 'pushed on 2020-01-01', ...changes },
});
const policy = { keepRevisions: 10, keepTags: [], keepDays: 30, daily: false };
const plan = {
  policy,
  isDefault: true,
  delete: [image()],
  keep: [image({ tags: ['v2'] })],
  bytes: 12_340_000,
  nextAt: null,
  last: null,
};
const deleted = { deleted: [image()], untagged: null, bytes: 12_340_000, _links: {} };
const answer = (body: unknown, status = 200) => ({ status, body });

describe('cleaning up', () => {
  it('shows what would go and what would stay, and deletes nothing', async () => {
    api().on(`GET ${PATH}`, answer(plan));
    const { stdout, exitCode } = await run('image cleanup --dry-run');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/Would be deleted[\s\S]*web +v1 +sha256:aaaaaaaaaaaa +pushed on 2020-01-01/);
    expect(stdout).toMatch(/Would stay[\s\S]*v2/);
    expect(stdout).toContain('12.3 MB would be freed. Kept: what the last 10 deployed revisions name');
    expect(calls()).toEqual([`GET ${PATH}`]);
    expect(JSON.parse((await run('image cleanup --dry-run --json')).stdout)).toEqual(plan);
  });

  it('deletes, and says what', async () => {
    api().on(`POST ${PATH}`, answer(deleted));
    expect((await run('image cleanup')).stdout).toMatch(/v1[\s\S]*1 image was deleted\. 12\.3 MB of disk/);
    api().reset();
    api().on(`POST ${PATH}`, answer({ ...deleted, deleted: [], bytes: 0 }));
    expect((await run('image cleanup')).stdout).toContain('nothing to delete');
  });

  it('changes only that part of the policy that is named', async () => {
    api().on(`GET ${PATH}`, answer(plan));
    api().on(`PUT ${PATH}`, answer({ policy, _links: {} }));
    await run('image cleanup --dry-run --keep-tags latest v* --keep-days 7');
    const changed = { keepTags: ['latest', 'v*'], keepDays: 7 };
    expect(bodyOf(`PUT ${PATH}`)).toEqual({ ...policy, ...changed });
    expect((await run('image cleanup --keep-revisions 0')).exitCode).not.toBe(0);
  });
});

describe('cleaning up by itself', () => {
  it('is turned on and off, and changes nothing else of the policy', async () => {
    api().on(`PUT ${PATH}`, answer({ policy, _links: {} }));
    for (const daily of [true, false]) {
      api().on(`GET ${PATH}`, answer({ ...plan, policy: { ...policy, keepDays: 3, daily: !daily } }));
      await run(`image cleanup --dry-run ${daily ? '--daily' : '--no-daily'}`);
      expect(bodyOf(`PUT ${PATH}`)).toEqual({ ...policy, keepDays: 3, daily });
      api().seen.length = 0;
    }
  });

  it('says when it comes, and what the last time did', async () => {
    const last = {
      at: '2026-11-22T12:00:00.000Z',
      planned: 3,
      kept: 4,
      deleted: 2,
      bytes: 1_000_000,
      problem: null,
    };
    const on = { ...plan, nextAt: '2026-11-23T12:00:00.000Z', last };
    api().on(`GET ${PATH}`, answer(on));
    const { stdout } = await run('image cleanup --dry-run', { environment: { TZ: 'UTC' } });
    expect(stdout).toContain('2 of 3 deleted, 4 kept, 1.0 MB');
    api().on(`GET ${PATH}`, answer({ ...on, last: { ...last, problem: 'The storage is away.' } }));
    expect((await run('image cleanup --dry-run')).stdout).toContain('The storage is away.');
  });
});

describe('deleting one', () => {
  const call = 'DELETE /v1/pods/p/images';

  it('tells whether the image is gone, or only a name of it', async () => {
    api().on(call, answer(deleted));
    expect((await run('image delete web v1')).stdout).toContain('1 image was deleted');
    expect(calls()).toEqual([`${call}?repository=web&reference=v1`]);
    api().reset();
    api().on(call, answer({ ...deleted, deleted: [], untagged: { repository: 'web', tag: 'v1' } }));
    expect((await run('image delete web v1')).stdout).toContain('web:v1 is gone; the image stays');
  });

  it('passes on why it cannot be', async () => {
    const message = 'web@sha256:aaaa is what revision 7 runs. Deploy another image first.';
    api().on(call, answer(errorBody('PRECONDITION_FAILED', message), 412));
    const { stderr, exitCode } = await run('image delete web v1');
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
