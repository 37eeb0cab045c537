import { sha256Hex } from '@brainpod/model/sha256';
import { sourceText } from '@brainpod/model/source';
import { expect } from 'vitest';
import { Build } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { newBuild, SAMPLE_FILE } from '../../testing/sample-build.ts';
import { digestOf } from '../../testing/stand-in-sources.ts';
import type { TestApi } from '../../testing/test-api.ts';

const SOURCE = `sha256:${sha256Hex(sourceText([SAMPLE_FILE]))}`;

const ask = (pod: { name: string }, more: object = {}) =>
  ({
    method: 'POST',
    path: `/v1/pods/${pod.name}/builds`,
    json: { image: 'web', source: SOURCE, ...more },
  }) as const;

async function sendSource(pod: { id: string }, api: TestApi): Promise<void> {
  await api.sources.putList(pod.id, [SAMPLE_FILE]);
  await api.sources.receive(pod.id, chunks('code'));
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

describeOperation('createBuild', { request: (pod) => ask(pod), prepare: sendSource }, ({ proves }) => {
  proves(202, 'puts it into the queue, with what was asked for', async (api) => {
    const pod = await api.newPod();
    await sendSource(pod, api);
    const build = (await api.call(ask(pod))).as(202, Build);
    expect(build).toMatchObject({
      state: 'waiting',
      origin: 'hosted',
      image: { repository: 'web', tag: 'latest', reference: null, digest: null },
      source: SOURCE,
      ahead: expect.any(Number),
      startedAt: null,
    });
    const options = { builder: 'dockerfile', dockerfile: 'docker/Dockerfile', directory: 'apps/web' };
    const more = {
      ...options,
      tag: 'v1',
      platform: 'linux/arm64',
      overrides: { start: 'node .' },
      labels: { 'git.rev': 'abc' },
    };
    const second = (await api.call(ask(pod, more))).as(202, Build);
    expect(second).toMatchObject({
      platform: 'linux/arm64',
      tags: { 'git.rev': 'abc' },
      image: { tag: 'v1' },
    });
    const kept = await api.store.builds.find(pod.id, second.id);
    expect(kept?.wanted?.options).toEqual({ ...options, overrides: { start: 'node .' } });
  });

  proves(202, 'keeps secrets for the build, sealed, and tells nobody of them', async (api) => {
    const pod = await api.newPod();
    await sendSource(pod, api);
    const secrets = [{ id: 'NPM_TOKEN', value: 'not to be seen' }];
    const answer = await api.call(ask(pod, { secrets }));
    const { id } = answer.as(202, Build);
    expect(JSON.stringify(answer)).not.toContain('not to be seen');
    const next = () => api.store.builds.withNext({ clusterIds: [pod.clusterId] }, async (build) => build);
    let due = await next();
    // Other tests' pods may come first.
    while (due !== null && due.value.id !== id) due = await next();
    expect(due?.value.secrets.map(({ id: name }) => name)).toEqual(['NPM_TOKEN']);
    expect(due?.value.secrets[0]?.sealed.toString()).toBe(`${id}/NPM_TOKEN/14`);
  });

  proves(400, 'for secrets that no Dockerfile could ask for, or too many, or twice', async (api) => {
    const pod = await api.newPod();
    await sendSource(pod, api);
    const named = (id: string) => ({ id, value: 'x' });
    const wrong = [
      [named('')],
      [named('a b')],
      [named('a,src=/etc/passwd')],
      [{ id: 'A', value: '' }],
      [{ id: 'A', value: 'x'.repeat(16 * 1024 + 1) }],
      [{ id: 'A' }],
      [named('A'), named('B'), named('A')],
      Array.from({ length: 21 }, (_, index) => named(`A${index}`)),
    ];
    for (const secrets of wrong) {
      const error = (await api.call(ask(pod, { secrets }))).error(400);
      expect(error.details?.[0]?.path.startsWith('secrets')).toBe(true);
      expect(JSON.stringify(error)).not.toContain('xxxxxxxx');
    }
  });

  proves(400, 'for names and paths that are none', async (api) => {
    const pod = await api.newPod();
    await sendSource(pod, api);
    const wrong = {
      image: ['Web', '../other/web', '/web', '', 'a//b', '-rf'],
      tag: ['-x', '', 'a b'],
      source: ['sha256:1', 'latest'],
      dockerfile: ['../Dockerfile', '/etc/passwd', ''],
      directory: ['..', '/', 'a/../..'],
      platform: ['windows/amd64', 'linux', '--push'],
      builder: ['railpack'],
      overrides: [
        { start: 'node .\nRUN id' },
        { install: '' },
        { directory: '../other' },
        { publish: 'a b' },
        { nodeVersion: '22\n' },
        { perlVersion: '5' },
      ],
      labels: [{ other: 'x' }],
    };
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const error = (await api.call(ask(pod, { [field]: value }))).error(400);
        expect(error.details?.[0]?.path.startsWith(field)).toBe(true);
      }
    }
  });

  proves(412, 'for a source that the pod has not, or not all of', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(ask(pod))).error(412).message).toContain('/sources');
    await api.sources.putList(pod.id, [SAMPLE_FILE]);
    expect((await api.call(ask(pod))).error(412).message).toContain('1 files');
    const other = await api.newPod();
    await sendSource(other, api);
    (await api.call(ask(pod))).error(412);
    (await api.call(ask(pod, { source: digestOf('x') }))).error(412);
  });

  proves(429, 'when too many of the pod wait', async (api) => {
    const pod = await api.newPod();
    await sendSource(pod, api);
    for (let count = 0; count < 50; count++) await newBuild(pod, api);
    expect((await api.call(ask(pod))).error(429).message).toContain('50 builds');
  });
});
