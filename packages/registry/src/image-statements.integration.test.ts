import { afterAll, beforeAll, expect, it } from 'vitest';
import { ImageKeeper } from './image-keeper.ts';
import { ImageReader } from './image-reader.ts';
import { ImageStatements } from './image-statements.ts';
import { type RunningFront, startFront } from './testing/front.ts';
import { PushClient } from './testing/push-client.ts';

const PROVENANCE = 'https://slsa.dev/provenance/v1';

let front: RunningFront;
let statements: ImageStatements;

beforeAll(async () => {
  front = await startFront();
  statements = new ImageStatements({ upstream: front.behind, storage: front.storage });
});

afterAll(async () => {
  await front?.stop();
});

type Index = { manifests: { digest: string; annotations: Record<string, string> }[] };
type Manifest = { subject: object; layers: { digest: string }[] };

async function read(path: string): Promise<string> {
  const answer = await fetch(`${front.origin}/v2/${path}`, {
    headers: { authorization: front.authorization, accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  expect(answer.status).toBe(200);
  return await answer.text();
}

it('keeps what is said of an image where clients look for it, once for each kind, and the image is as it was', async () => {
  const { digest } = await new PushClient(front).image('mine/web', 'v1', [Buffer.from('layer')]);
  const image = { repository: 'mine/web', digest };
  expect(await statements.kinds(image)).toEqual([]);
  const said = {
    predicateType: PROVENANCE,
    predicateJson: Buffer.from('{"runDetails":{"metadata":{"invocationId":"one"}}}'),
  };
  expect(await statements.add(image, said)).toBe(true);
  expect(await statements.add(image, { ...said, predicateJson: Buffer.from('{"other":true}') })).toBe(false);
  expect(await statements.kinds(image)).toEqual([PROVENANCE]);

  const type = encodeURIComponent('application/vnd.in-toto+json');
  const index: Index = JSON.parse(await read(`mine/web/referrers/${digest}?artifactType=${type}`));
  expect(index.manifests).toHaveLength(1);
  const [found] = index.manifests;
  expect(found?.annotations).toEqual({ 'in-toto.io/predicate-type': PROVENANCE });
  const manifest: Manifest = JSON.parse(await read(`mine/web/manifests/${found?.digest}`));
  expect(manifest.subject).toMatchObject({
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest,
    size: (await read('mine/web/manifests/v1')).length,
  });
  const statement = await read(`mine/web/blobs/${manifest.layers[0]?.digest}`);
  expect(JSON.parse(statement)).toEqual({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'mine/web', digest: { sha256: digest.slice('sha256:'.length) } }],
    predicateType: PROVENANCE,
    predicate: { runDetails: { metadata: { invocationId: 'one' } } },
  });

  const place = { upstream: front.behind, storage: front.storage };
  const reader = new ImageReader(place);
  const signal = AbortSignal.timeout(10_000);
  expect(await reader.statements('mine', { repository: 'web', digest }, signal)).toEqual([PROVENANCE]);
  const listed = await reader.list('mine', signal);
  expect(listed.map((each) => [each.tag, each.digest])).toEqual([['v1', digest]]);
  const held = await new ImageKeeper(front.behind, front.storage).holdings('mine');
  expect(held.find((each) => each.digest === found?.digest)).toMatchObject({ tags: [], subject: digest });
});

it('says nothing of an image that is not there', async () => {
  const image = { repository: 'mine/none', digest: `sha256:${'0'.repeat(64)}` };
  await expect(
    statements.add(image, { predicateType: PROVENANCE, predicateJson: Buffer.from('{}') }),
  ).rejects.toThrow('404');
});
