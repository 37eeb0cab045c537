import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningFront, startFront } from './testing/front.ts';

type Manifest = Record<string, unknown>;
type Index = { manifests: { digest: string; artifactType?: string; annotations?: Record<string, string> }[] };

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf('{}'), size: 2 };

let front: RunningFront;

beforeAll(async () => {
  front = await startFront();
});

afterAll(async () => {
  await front?.stop();
});

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { authorization: front.authorization, ...init.headers };
  return fetch(`${front.origin}/v2/mine/${path}`, { ...init, headers });
}

/** A repository with the blob that all manifests here have as config and layer. */
async function repository(name: string): Promise<string> {
  const started = await call(`${name}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(started.headers.get('location') ?? '', front.origin);
  location.searchParams.set('digest', EMPTY.digest);
  const { authorization } = front;
  const ended = await fetch(location, { method: 'PUT', body: '{}', headers: { authorization } });
  expect(ended.status).toBe(201);
  return name;
}

function artifact(more: Manifest): string {
  const config = { ...EMPTY };
  return JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: [EMPTY], ...more });
}

async function push(name: string, body: string, reference = digestOf(body)): Promise<Response> {
  return await call(`${name}/manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': MANIFEST_TYPE },
    body,
  });
}

/** A manifest, and what refers to it. */
async function pushAbout(name: string, subject: string, more: Manifest): Promise<string> {
  const body = artifact({
    ...more,
    subject: { mediaType: MANIFEST_TYPE, digest: subject, size: 1 },
  });
  const pushed = await push(name, body);
  expect([pushed.status, pushed.headers.get('oci-subject')]).toEqual([201, subject]);
  return digestOf(body);
}

async function referrers(path: string): Promise<Index> {
  const answer = await call(path);
  expect(answer.status).toBe(200);
  return JSON.parse(await answer.text());
}

describe('what refers to a manifest', () => {
  it('is listed with its type and annotations, by type too, and gone once it is deleted', async () => {
    const name = await repository('listed');
    const subject = digestOf(artifact({ artifactType: 'x/image' }));
    const bill = await pushAbout(name, subject, { artifactType: 'x/bill', annotations: { by: 'us' } });
    const proof = await pushAbout(name, subject, { artifactType: 'x/proof' });
    const other = await pushAbout(name, digestOf('another'), { artifactType: 'x/bill' });
    const all = await referrers(`${name}/referrers/${subject}`);
    expect(all.manifests.map(({ digest }) => digest).sort()).toEqual([bill, proof].sort());
    expect(all.manifests.find(({ digest }) => digest === bill)).toMatchObject({
      mediaType: MANIFEST_TYPE,
      artifactType: 'x/bill',
      annotations: { by: 'us' },
    });
    const bills = await call(`${name}/referrers/${subject}?artifactType=x/bill`);
    expect(bills.headers.get('oci-filters-applied')).toBe('artifactType');
    expect(await bills.json()).toMatchObject({ manifests: [{ digest: bill }] });
    expect((await call(`${name}/manifests/${bill}`, { method: 'DELETE' })).status).toBe(202);
    const left = await referrers(`${name}/referrers/${subject}`);
    expect(left.manifests.map(({ digest }) => digest)).toEqual([proof]);
    expect(await referrers(`${name}/referrers/${other}`)).toMatchObject({ manifests: [] });
    expect(await referrers(`nobody/referrers/${subject}`)).toMatchObject({ manifests: [] });
  });

  it('is listed whole, page by page, however much it is, pushed at the same time', async () => {
    const name = await repository('many');
    const subject = digestOf('many');
    const pushed = await Promise.all(
      Array.from({ length: 203 }, (_, number) =>
        pushAbout(name, subject, { annotations: { number: String(number) } }),
      ),
    );
    const found: string[] = [];
    let target: string | undefined = `/v2/mine/${name}/referrers/${subject}`;
    let pages = 0;
    while (target !== undefined) {
      const answer: Response = await call(target.slice('/v2/mine/'.length));
      const { manifests }: Index = JSON.parse(await answer.text());
      found.push(...manifests.map(({ digest }) => digest));
      target = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
      pages += 1;
    }
    expect(found.sort()).toEqual(pushed.sort());
    expect(pages).toBe(3);
  });

  it('is under no tag that its owner would see or could name', async () => {
    const name = await repository('tagged');
    const subject = digestOf('tagged');
    await pushAbout(name, subject, {});
    expect((await push(name, artifact({}), 'v1')).status).toBe(201);
    expect(await (await call(`${name}/tags/list`)).json()).toEqual({ name: `mine/${name}`, tags: ['v1'] });
    const taken = await push(name, artifact({}), '_referrer.v1');
    expect(taken.status).toBe(400);
    expect(await taken.json()).toMatchObject({ errors: [{ code: 'TAG_INVALID' }] });
  });
});

describe('a manifest', () => {
  it('of more than 4 MiB is refused', async () => {
    const name = await repository('large');
    const answer = await push(name, artifact({ annotations: { much: 'x'.repeat(4 << 20) } }));
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'SIZE_INVALID' }] });
  });

  it('by another algorithm than SHA-256 is refused, since it could not be found again', async () => {
    const name = await repository('long');
    const answer = await push(name, artifact({}), `sha512:${'a'.repeat(128)}`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'DIGEST_INVALID' }] });
  });
});
