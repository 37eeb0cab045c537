import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRegistryFront, type RegistryAction } from './front.ts';
import { pullToken, verifyPullToken } from './pull-token.ts';
import { type RunningDistribution, startDistribution } from './testing/distribution.ts';

type Key = { pods: Record<string, RegistryAction[]> };
type Answer = { status: number; headers: Record<string, string | string[] | undefined>; body: Buffer };

const masterKey = Buffer.alloc(32, 3);
const keys: Record<string, Key> = {
  brain_mine: { pods: { mine: ['registry:push', 'registry:pull'] } },
  brain_other: { pods: { other: ['registry:push', 'registry:pull'] } },
  brain_reader: { pods: { mine: ['registry:pull'] } },
  brain_writer: { pods: { mine: ['registry:push'] } },
  brain_both: { pods: { mine: ['registry:push', 'registry:pull'], other: ['registry:pull'] } },
};
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

let registry: RunningDistribution;
let server: Server;
let port: number;
const warnings: string[] = [];

beforeAll(async () => {
  registry = await startDistribution();
  server = createServer(
    { requestTimeout: 0 },
    createRegistryFront<Key>({
      upstream: registry.origin,
      registryHost: 'registry.brainpod.localhost',
      authenticate: async (secret) => keys[secret] ?? null,
      isAllowed: (key, action, pod) => key.pods[pod]?.includes(action) ?? false,
      verifyPullToken: (pod, token) => verifyPullToken(masterKey, pod, token),
      storage: registry.storage,
      logger: { warn: (_, message) => warnings.push(message), error: (_, message) => warnings.push(message) },
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});

afterAll(async () => {
  server?.close();
  server?.closeAllConnections();
  await registry?.stop();
});

/** One request with exactly this target: no client in between that would tidy the path. */
function call(
  method: string,
  path: string,
  options: { secret?: string; user?: string; headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<Answer> {
  const headers: Record<string, string> = { ...options.headers };
  if (options.secret !== undefined) {
    headers.authorization = `Basic ${Buffer.from(`${options.user ?? 'api'}:${options.secret}`).toString('base64')}`;
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const errorCode = (answer: Answer): string => JSON.parse(answer.body.toString('utf8')).errors[0].code;

async function uploadBlob(repository: string, secret: string, bytes: Buffer): Promise<Answer> {
  const start = await call('POST', `/v2/${repository}/blobs/uploads/?mount=${sha256(bytes)}`, { secret });
  if (start.status === 201) return start;
  expect(start.status).toBe(202);
  const location = String(start.headers.location);
  const separator = location.includes('?') ? '&' : '?';
  return await call('PUT', `${location}${separator}digest=${sha256(bytes)}`, {
    secret,
    headers: { 'content-type': 'application/octet-stream', 'content-length': String(bytes.length) },
    body: bytes,
  });
}

async function pushImage(repository: string, tag: string, secret: string, layer: Buffer) {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } }),
  );
  await uploadBlob(repository, secret, layer);
  await uploadBlob(repository, secret, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: manifestType,
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: sha256(config),
      size: config.length,
    },
    layers: [
      { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256(layer), size: layer.length },
    ],
  });
  const answer = await call('PUT', `/v2/${repository}/manifests/${tag}`, {
    secret,
    headers: { 'content-type': manifestType },
    body: manifest,
  });
  return { answer, manifest };
}

describe('logging in', () => {
  it('challenges who brings nothing, in the shape that container clients wait for', async () => {
    const answer = await call('GET', '/v2/');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer realm="http://127.0.0.1:${port}/v2/token",service="registry.brainpod.localhost"`,
    );
    expect(errorCode(answer)).toBe('UNAUTHORIZED');
    const image = await call('GET', '/v2/mine/app/manifests/v1');
    expect([image.status, image.headers['www-authenticate']]).toEqual([
      401,
      'Basic realm="registry.brainpod.localhost", charset="UTF-8"',
    ]);
  });

  it('gives a token for a key, which may do what the key may, and ends with it', async () => {
    const given = await call('GET', '/v2/token?scope=repository:other/app:pull&scope=registry:catalog:*', {
      secret: 'brain_mine',
    });
    expect(given.status).toBe(200);
    const { token } = JSON.parse(given.body.toString('utf8'));
    const headers = { authorization: `Bearer ${token}` };
    expect((await call('GET', '/v2/', { headers })).status).toBe(200);
    expect((await call('POST', '/v2/mine/app/blobs/uploads/', { headers })).status).toBe(202);
    expect((await call('GET', '/v2/other/app/manifests/v1', { headers })).status).toBe(403);
    const kept = keys.brain_mine;
    delete keys.brain_mine;
    expect((await call('GET', '/v2/', { headers })).status).toBe(401);
    if (kept !== undefined) keys.brain_mine = kept;
  });

  it('says in words why it gives no token', async () => {
    const nobody = await call('GET', '/v2/token', { secret: 'brain_nobody' });
    expect([nobody.status, errorCode(nobody)]).toEqual([401, 'UNAUTHORIZED']);
    expect(nobody.body.toString('utf8')).toContain('The API key is unknown, revoked or expired.');
    const nothing = await call('GET', '/v2/token');
    expect(nothing.body.toString('utf8')).toContain('Log in with user');
    expect((await call('POST', '/v2/token', { secret: 'brain_mine' })).status).toBe(404);
  });

  it('sends for a token over TLS who came over TLS, and nobody to where the host name is none', async () => {
    const asked = await call('GET', '/v2/', {
      headers: { host: 'registry.test', 'x-forwarded-proto': 'https' },
    });
    expect(asked.headers['www-authenticate']).toContain('realm="https://registry.test/v2/token"');
    const strange = await call('GET', '/v2/', { headers: { host: 'registry.test",x="' } });
    expect(strange.headers['www-authenticate']).toMatch(/^Basic realm="registry\.brainpod\.localhost"/);
  });

  it('takes Basic with a key at once, whatever the user name', async () => {
    for (const user of ['api', 'octocat', 'pull']) {
      const answer = await call('GET', '/v2/', { secret: 'brain_mine', user });
      expect([answer.status, answer.headers['docker-distribution-api-version']]).toEqual([
        200,
        'registry/2.0',
      ]);
    }
  });

  it('refuses an unknown key and a malformed header', async () => {
    expect((await call('GET', '/v2/', { secret: 'brain_nobody' })).status).toBe(401);
    for (const authorization of ['Basic', 'Basic !!!', 'Basic YXBp', 'Bearer brain_mine', 'Basic YXBpOg==']) {
      expect((await call('GET', '/v2/', { headers: { authorization } })).status).toBe(401);
    }
  });
});

describe('a push and a pull', () => {
  const layer = Buffer.alloc(3_000_000, 'layer of mine');

  it('goes through as the contract has it, and gives the same bytes back', async () => {
    const { answer, manifest } = await pushImage('mine/team/app', 'v1', 'brain_mine', layer);
    expect(answer.status).toBe(201);
    expect(answer.headers['docker-content-digest']).toBe(sha256(manifest));
    expect(String(answer.headers.location)).toMatch(/^\/v2\/mine\/team\/app\/manifests\//);
    const pulled = await call('GET', '/v2/mine/team/app/manifests/v1', {
      secret: 'brain_reader',
      headers: { accept: manifestType },
    });
    expect(pulled.body.toString('utf8')).toBe(manifest);
    const blob = await call('GET', `/v2/mine/team/app/blobs/${sha256(layer)}`, { secret: 'brain_reader' });
    expect(sha256(blob.body)).toBe(sha256(layer));
    const part = await call('GET', `/v2/mine/team/app/blobs/${sha256(layer)}`, {
      secret: 'brain_reader',
      headers: { range: 'bytes=0-4' },
    });
    expect([part.status, part.body.toString('utf8')]).toEqual([206, 'layer']);
  });

  it('answers 201 to a mount without source of a blob that is there', async () => {
    const answer = await call('POST', `/v2/mine/team/app/blobs/uploads/?mount=${sha256(layer)}`, {
      secret: 'brain_mine',
    });
    expect(answer.status).toBe(201);
    expect(answer.headers['docker-content-digest']).toBe(sha256(layer));
    expect(answer.headers.location).toBe(`/v2/mine/team/app/blobs/${sha256(layer)}`);
  });

  it('takes an upload in chunks', async () => {
    const bytes = Buffer.from('one chunk and another');
    const start = await call('POST', '/v2/mine/chunks/blobs/uploads/', { secret: 'brain_mine' });
    const patched = await call('PATCH', String(start.headers.location), {
      secret: 'brain_mine',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
    expect(patched.status).toBe(202);
    const done = await call('PUT', `${String(patched.headers.location)}&digest=${sha256(bytes)}`, {
      secret: 'brain_mine',
    });
    expect(done.status).toBe(201);
  });

  it("passes the registry's own refusals on", async () => {
    const answer = await call('GET', '/v2/mine/team/app/manifests/never', { secret: 'brain_mine' });
    expect([answer.status, errorCode(answer)]).toEqual([404, 'MANIFEST_UNKNOWN']);
  });
});

describe('another pod', () => {
  const secretLayer = Buffer.from('what only the other pod may see');

  beforeAll(async () => {
    await pushImage('other/app', 'v1', 'brain_other', secretLayer);
    await pushImage('mine/app', 'v1', 'brain_mine', Buffer.from('mine'));
  });

  const digest = sha256(secretLayer);
  it.each([
    ['GET', '/v2/other/app/manifests/v1'],
    ['HEAD', '/v2/other/app/manifests/v1'],
    ['PUT', '/v2/other/app/manifests/v1'],
    ['DELETE', '/v2/other/app/manifests/v1'],
    ['GET', `/v2/other/app/blobs/${digest}`],
    ['DELETE', `/v2/other/app/blobs/${digest}`],
    ['GET', '/v2/other/app/tags/list'],
    ['GET', `/v2/other/app/referrers/${digest}`],
    ['POST', '/v2/other/app/blobs/uploads/'],
    ['PATCH', '/v2/other/app/blobs/uploads/some-id'],
    ['PUT', '/v2/other/app/blobs/uploads/some-id'],
    ['GET', '/v2/other/app/blobs/uploads/some-id'],
    ['DELETE', '/v2/other/app/blobs/uploads/some-id'],
    ['GET', '/v2/unheard-of/app/manifests/v1'],
    ['GET', '/v2/_catalog'],
    ['GET', '/v2/docker.io/library/node/manifests/24'],
  ])('is closed to %s %s', async (method, path) => {
    const answer = await call(method, path, { secret: 'brain_mine' });
    expect(answer.status).toBe(403);
    if (method !== 'HEAD') expect(errorCode(answer)).toBe('DENIED');
  });

  it('answers who asks whether a blob is there like one that is not: the upload that follows is told why', async () => {
    const asked = await call('HEAD', `/v2/other/app/blobs/${digest}`, { secret: 'brain_mine' });
    expect(asked.status).toBe(404);
    const upload = await call('POST', '/v2/other/app/blobs/uploads/', { secret: 'brain_mine' });
    expect([upload.status, errorCode(upload)]).toEqual([403, 'DENIED']);
  });

  it.each([
    '/v2/mine/../other/app/manifests/v1',
    '/v2/mine/%2e%2e/other/app/manifests/v1',
    '/v2/mine/..%2fother/app/manifests/v1',
    '/v2/mine%2f..%2fother/app/manifests/v1',
    '/v2/mine//../other/app/manifests/v1',
    '/v2//other/app/manifests/v1',
    '/v2/mine/app/../../other/app/manifests/v1',
    '/v2/mine/app/manifests/../../../other/app/manifests/v1',
    '/v2/OTHER/app/manifests/v1',
    '/v2/mine/app/manifests/v1%00',
  ])('is not reached by %s', async (path) => {
    const answer = await call('GET', path, { secret: 'brain_mine' });
    expect(answer.status).toBe(400);
  });

  it('lends a blob only to who may read it there', async () => {
    const path = `/v2/mine/app/blobs/uploads/?mount=${digest}&from=other/app`;
    expect((await call('POST', path, { secret: 'brain_both' })).status).toBe(201);
  });

  it('is not lent from, but uploaded to, by who may not read it there', async () => {
    const bytes = Buffer.from('a secret that is not lent');
    await uploadBlob('other/app', 'brain_other', bytes);
    for (const from of ['other/app', 'long-gone/app']) {
      const path = `/v2/mine/app/blobs/uploads/?mount=${sha256(bytes)}&from=${from}`;
      expect((await call('POST', path, { secret: 'brain_mine' })).status).toBe(202);
    }
    expect((await call('HEAD', `/v2/mine/app/blobs/${sha256(bytes)}`, { secret: 'brain_mine' })).status).toBe(
      404,
    );
  });

  it('does not lend a blob named in a form instead of the query', async () => {
    const bytes = Buffer.from('a second secret');
    await uploadBlob('other/app', 'brain_other', bytes);
    const body = new URLSearchParams({ mount: sha256(bytes), from: 'other/app' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const straight = await fetch(`${registry.origin}/v2/proof/app/blobs/uploads/`, {
      method: 'POST',
      headers,
      body,
    });
    expect(straight.status, 'the registry itself does read the form').toBe(201);
    const answer = await call('POST', '/v2/mine/app/blobs/uploads/', { secret: 'brain_mine', headers, body });
    expect(answer.status).toBe(202);
    expect((await call('HEAD', `/v2/mine/app/blobs/${sha256(bytes)}`, { secret: 'brain_mine' })).status).toBe(
      404,
    );
  });

  it('cannot be read by naming its blob in a manifest', async () => {
    const bytes = Buffer.from('a third secret');
    await uploadBlob('other/app', 'brain_other', bytes);
    const config = Buffer.from('{}');
    await uploadBlob('mine/app', 'brain_mine', config);
    const body = JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: {
        mediaType: 'application/vnd.oci.image.config.v1+json',
        digest: sha256(config),
        size: config.length,
      },
      layers: [
        { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: sha256(bytes), size: bytes.length },
      ],
    });
    const put = await call('PUT', '/v2/mine/app/manifests/stolen', {
      secret: 'brain_mine',
      headers: { 'content-type': manifestType },
      body,
    });
    expect([put.status, errorCode(put)]).toEqual([400, 'MANIFEST_BLOB_UNKNOWN']);
  });

  it('separates reading from writing', async () => {
    expect((await call('POST', '/v2/mine/app/blobs/uploads/', { secret: 'brain_reader' })).status).toBe(403);
    expect((await call('DELETE', '/v2/mine/app/manifests/v1', { secret: 'brain_reader' })).status).toBe(403);
    expect((await call('GET', '/v2/mine/app/manifests/v1', { secret: 'brain_writer' })).status).toBe(403);
    const seen = await call('HEAD', '/v2/mine/app/manifests/v1', {
      secret: 'brain_writer',
      headers: { accept: manifestType },
    });
    expect(seen.status, 'what is there already is not pushed again').toBe(200);
  });
});

describe("a node's pull token", () => {
  const token = pullToken(masterKey, 'mine');

  it('reads its pod and nothing else', async () => {
    await pushImage('mine/app', 'v1', 'brain_mine', Buffer.from('mine'));
    const accept = { accept: manifestType };
    const own = await call('GET', '/v2/mine/app/manifests/v1', {
      user: 'pull',
      secret: token,
      headers: accept,
    });
    expect(own.status).toBe(200);
    expect((await call('GET', '/v2/other/app/manifests/v1', { user: 'pull', secret: token })).status).toBe(
      401,
    );
    expect((await call('GET', '/v2/mine/app/manifests/v1', { user: 'api', secret: token })).status).toBe(401);
    for (const method of ['PUT', 'DELETE']) {
      expect((await call(method, '/v2/mine/app/manifests/v1', { user: 'pull', secret: token })).status).toBe(
        403,
      );
    }
    expect((await call('POST', '/v2/mine/app/blobs/uploads/', { user: 'pull', secret: token })).status).toBe(
      403,
    );
  });
});

describe('when the registry behind fails', () => {
  async function frontOf(upstream: string) {
    const failing = createServer(
      createRegistryFront<Key>({
        upstream,
        registryHost: 'registry.test',
        authenticate: async (secret) => keys[secret] ?? null,
        isAllowed: () => true,
        verifyPullToken: () => false,
        storage: registry.storage,
        logger: { warn: () => undefined, error: () => undefined },
      }),
    ).listen(0, '127.0.0.1');
    await once(failing, 'listening');
    const address = failing.address();
    return { failing, origin: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` };
  }
  const headers = { authorization: `Basic ${Buffer.from('api:brain_mine').toString('base64')}` };

  it('says that it is away', async () => {
    const { failing, origin } = await frontOf('http://127.0.0.1:1');
    const answer = await fetch(`${origin}/v2/`, { headers });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ errors: [{ code: 'UNAVAILABLE' }] });
    failing.close();
  });

  it('does not send clients to an address outside', async () => {
    const elsewhere = createServer((_, res) =>
      res.writeHead(307, { location: 'http://elsewhere.test/x' }).end(),
    ).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const address = elsewhere.address();
    const { failing, origin } = await frontOf(
      `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    );
    const answer = await fetch(`${origin}/v2/mine/app/manifests/v1`, { headers, redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([503, null]);
    failing.close();
    elsewhere.close();
  });
});

it('logs nothing about requests that were refused on purpose', () => {
  expect(warnings).toEqual([]);
});
