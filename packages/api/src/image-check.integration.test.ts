import type { AppDocument } from '@brainpod/model/kinds/app';
import type { StoredImage, StoredVariant } from '@brainpod/model/stored-image';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DeploymentAccepted } from './schemas.ts';
import { type Answer, REGISTRY_HOST, TestApi } from './testing/test-api.ts';

type Spec = Partial<AppDocument['spec']>;

const DIGEST = `sha256:${'a'.repeat(64)}`;

let api: TestApi;
let pod: PodRecord;
let resources: string;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());
beforeEach(async () => {
  api.images.isAway = false;
  pod = await api.newPod();
  resources = `/v1/pods/${pod.name}/resources`;
});

/** The cluster of these tests runs amd64. */
function variant(uid: number | null, architecture = 'amd64'): StoredVariant {
  const digest = `sha256:${'b'.repeat(64)}`;
  return { architecture, digest, uid, gid: uid, exposedPorts: [], createdAt: null };
}

function hold(...variants: StoredVariant[]): void {
  const image: StoredImage = { repository: 'team/web', tag: '1.4', digest: DIGEST, variants };
  api.images.hold(pod.name, [image]);
}

const own = (reference = ':1.4') => `${REGISTRY_HOST}/${pod.name}/team/web${reference}`;

function create(spec: Spec, query = ''): Promise<Answer> {
  return api.call({ method: 'POST', path: resources + query, json: [sampleApp('web', spec)] });
}

/** What a new App is refused for, the same in a dry run; empty where it is created. */
async function refusals(spec: Spec): Promise<string[]> {
  const rehearsed = await create(spec, '?dryRun=true');
  const created = await create(spec);
  if (created.status === 201) {
    expect(rehearsed.status).toBe(200);
    return [];
  }
  const { details } = created.error(400);
  expect(rehearsed.error(400).details).toEqual(details);
  return (details ?? []).map(({ path, message }) => `${path}: ${message}`);
}

describe('an App with an image of its pod', () => {
  test.each<[what: string, reference: string]>([
    ['by its tag', ':1.4'],
    ['by its digest', `@${DIGEST}`],
    ['by both, of which the digest counts', `:gone@${DIGEST}`],
  ])('is created when the image is there, %s', async (_what, reference) => {
    hold(variant(1000), variant(0, 'arm64'));
    expect(await refusals({ image: own(reference) })).toEqual([]);
  });

  test('is refused when there is no such image, and told how to make it', async () => {
    hold(variant(1000));
    for (const reference of [':2', '', `@sha256:${'c'.repeat(64)}`]) {
      const [refusal] = await refusals({ image: own(reference) });
      expect(refusal).toBe(
        `0.spec.image: There is no image ${own(reference)}. Make it with \`brainpod image build\`, or push it under this name; GET /v1/pods/${pod.name}/images lists what there is.`,
      );
    }
  });

  test('is refused when the image starts as root, or as nobody can tell whom, unless it gives a number itself', async () => {
    hold(variant(0));
    expect(await refusals({ image: own() })).toEqual([
      expect.stringMatching(/^0\.spec\.image: Starts as root.*USER/),
    ]);
    hold(variant(null));
    expect(await refusals({ image: own() })).toEqual([
      expect.stringMatching(/^0\.spec\.image: .*a name only.*USER/),
    ]);
    expect(await refusals({ image: own(), runtime: { uid: 1000 } })).toEqual([]);
  });

  test('is refused when the image is for other processors, with all else that is wrong', async () => {
    hold(variant(0, 'arm64'));
    expect(await refusals({ image: own() })).toEqual([
      expect.stringMatching(/^0\.spec\.image: Is made for arm64, .* amd64.*linux\/amd64/),
    ]);
    hold();
    expect(await refusals({ image: own() })).toEqual([expect.stringContaining('no processor')]);
  });

  test('may be prepared by an image that is root, when it is there', async () => {
    hold(variant(0));
    const init = (image: string): Spec => ({ lifecycle: { init: { image, cmd: ['/prepare'] } } });
    expect(await refusals(init(own(':2')))).toEqual([
      expect.stringContaining('0.spec.lifecycle.init.image: There is no image'),
    ]);
    expect(await refusals(init(own()))).toEqual([]);
  });
});

test('images of other registries are for the cluster to judge', async () => {
  api.images.isAway = true;
  expect(await refusals({ image: 'docker.io/library/nginx:1.29' })).toEqual([]);
});

test('while the registry does not answer, what needs it is told to come back, and nothing is kept', async () => {
  api.images.isAway = true;
  expect((await create({ image: own() })).error(503)).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect((await create({ image: 'nginx:1.29' })).status).toBe(201);
});

test('an image that is replaced, planned, deployed or rolled back to is looked at again', async () => {
  hold(variant(1000));
  expect((await create({ image: own() })).status).toBe(201);
  const earlier = await api.deploy(pod, 'deployed');
  const put = (image: string) =>
    api.call({ method: 'PUT', path: `${resources}/App/default/web`, json: sampleApp('web', { image }) });
  expect((await put(own(':2'))).error(400).details).toEqual([
    { path: 'spec.image', message: expect.stringContaining('There is no image') },
  ]);
  expect((await put(own(`:1.4@${DIGEST}`))).status).toBe(200);
  // The image is deleted.
  api.images.hold(pod.name, []);
  const fault = { path: 'App/web.spec.image', message: expect.stringContaining('There is no image') };
  expect((await api.get(`/v1/pods/${pod.name}/plan`)).body).toMatchObject({
    canDeploy: false,
    faults: [fault],
  });
  const deploy = { method: 'POST', path: `/v1/pods/${pod.name}/deploy` } as const;
  expect((await api.call(deploy)).error(400).details).toEqual([fault]);
  const rollback = { method: 'POST', path: `/v1/pods/${pod.name}/rollback` } as const;
  const json = { revision: earlier, discardDraft: true };
  expect((await api.call({ ...rollback, json })).error(400).details).toEqual([fault]);
  hold(variant(1000));
  expect((await api.call({ ...rollback, json })).status).toBe(202);
});

describe('what a tag leads to', () => {
  const digestOf = (character: string) => `sha256:${character.repeat(64)}`;
  const push = (digest: string) =>
    api.images.hold(pod.name, [{ repository: 'team/web', tag: '1.4', digest, variants: [variant(1000)] }]);
  const deploy = async (headers: Record<string, string> = {}): Promise<Answer> =>
    api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy`, headers });
  const onItsWay = async (): Promise<object> => (await api.store.reconciler.loadPod(pod.id))?.target ?? {};

  test('is decided when a revision is sent on its way, and told in the plan', async () => {
    push(digestOf('a'));
    await create({ image: own() });
    const first = await deploy();
    expect(await onItsWay()).toMatchObject({ imageDigests: { [own()]: digestOf('a') } });
    await api.finish(first.as(202, DeploymentAccepted).revisionId, 'deployed');

    await api.call({ method: 'POST', path: resources, json: [sampleApp('other')] });
    const planned = await api.get(`/v1/pods/${pod.name}/plan`);
    expect(planned.body).toMatchObject({
      changes: [
        { name: 'other', action: 'create' },
        { name: 'web', action: 'none' },
      ],
    });
    push(digestOf('b'));
    // It is not the plan any more that was read.
    const refused = await deploy({ 'if-match': String(planned.headers.etag) });
    expect(refused.error(412).message).toContain('an image that it names');
    expect((await api.get(`/v1/pods/${pod.name}/plan`)).body).toMatchObject({
      changes: [
        { name: 'other', action: 'create' },
        { name: 'web', action: 'roll', reasons: [`image ${own()} was pushed anew`] },
      ],
    });
    expect((await deploy()).status).toBe(202);
    expect(await onItsWay()).toMatchObject({ imageDigests: { [own()]: digestOf('b') } });
  });

  test('stays what it was for who goes back to a revision, though the tag leads elsewhere or nowhere', async () => {
    push(digestOf('a'));
    await create({ image: own() });
    const earlier = await deploy();
    const { revisionId: id } = earlier.as(202, DeploymentAccepted);
    await api.finish(id, 'deployed');
    api.images.hold(pod.name, [
      { repository: 'team/web', tag: '1.4', digest: digestOf('b'), variants: [variant(0)] },
      { repository: 'team/web', tag: 'kept', digest: digestOf('a'), variants: [variant(1000)] },
    ]);
    const path = `/v1/pods/${pod.name}/rollback`;
    expect((await api.call({ method: 'POST', path, json: { revision: id } })).status).toBe(202);
    expect(await onItsWay()).toMatchObject({ imageDigests: { [own()]: digestOf('a') } });
  });
});
