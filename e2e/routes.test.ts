import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { createPod, createResources, deploy, hostname } from './apps.ts';
import { brainpod, installationIn, until } from './brainpod.ts';
import { type Answer, edgeAgent, get } from './edge.ts';
import { EDGE_APP } from './edge-app.ts';
import { http2To, nextChunk, sendRaw, tlsTo, upgradeTo } from './raw-edge.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const ca = running.authorityPem;
const agent = edgeAgent(ca, 8);
const domain = new URL(running.url).hostname.split('.').slice(1).join('.');

const envelope = (kind: string, name: string, spec: Record<string, unknown>) => ({
  apiVersion: 'pod.brainpod.io/v1alpha1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});

const rule = (name: string, path: string, port: number, app = 'edge') => ({
  name,
  path,
  port,
  backendRef: `urn:brain:app:default:${app}`,
});

let [pod, origin, partly] = ['', '', ''];

beforeAll(async () => {
  pod = await createPod(installation);
  const image = await pushApp(installation, pod, 'edge', { program: EDGE_APP });
  const app = { image, env: [], instance: '.25x', replicas: 1, checks: { ready: { port: 8080 } } };
  await createResources(installation, pod, [
    envelope('App', 'edge', app),
    envelope('Route', 'edge', {
      timeout: 3,
      rules: [
        rule('all', '/', 8080),
        rule('nobody', '/nobody', 8082),
        { ...rule('calls', '/demo.Calls', 8081), protocol: 'http2' },
      ],
    }),
    envelope('Route', 'elsewhere', {
      allow: ['192.0.2.0/24', '2001:db8::7'],
      rules: [rule('all', '/', 8080)],
    }),
    envelope('Route', 'here', {
      allow: ['127.0.0.0/8', '10.251.0.0/16', '192.0.2.0/24'],
      rules: [rule('all', '/', 8080)],
    }),
    envelope('Route', 'partly', { rules: [rule('api', '/api', 8080)] }),
  ]);
  expect(await deploy(installation, pod)).toMatchObject({ code: 0 });
  origin = `https://${await hostname(installation, pod, 'edge')}`;
  partly = `https://${await hostname(installation, pod, 'partly')}`;
  await until('the app answers', 20_000, async () => (await get(`${origin}/seen`, agent)).status === 200);
});

function expectOurs(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, headers: { 'cache-control': 'no-store' } });
  const { error } = JSON.parse(answer.body);
  expect(error).toEqual({
    code,
    message: expect.any(String),
    requestId: answer.headers['x-request-id'],
  });
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.stringify(answer)).not.toMatch(/envoy|kube|upstream|gateway/i);
}

describe('where no app answers', () => {
  const asJson = { accept: 'application/json' };

  it('is an answer of ours that names what is wrong, and never one of the proxy', async () => {
    expectOurs(await get(`https://nobody-at-home.${domain}/`, agent, 10_000, asJson), 404, 'NO_APP');
    expectOurs(await get(`${partly}/elsewhere`, agent, 10_000, asJson), 404, 'NO_APP');
    expectOurs(await get(`${origin}/nobody`, agent, 10_000, asJson), 503, 'APP_REFUSES_CONNECTIONS');
    expectOurs(await get(`${origin}/broken`, agent, 10_000, asJson), 503, 'APP_BROKE_OFF');
    expectOurs(await get(`${origin}/silent`, agent, 10_000, asJson), 504, 'APP_TOO_SLOW');
  });

  it('says so in text where headers are too large to be read to their end', async () => {
    const cookie = 'c'.repeat(100_000);
    const answer = await get(`${origin}/seen`, agent, 10_000, { cookie });
    expect(answer).toMatchObject({ status: 431, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    expect(answer.body).toMatch(/^The request's headers are too large\.\n/);
  });

  it('is a page for people, and text for who asks for neither', async () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const page = await get(`${origin}/nobody`, agent, 10_000, { accept });
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toMatch(/^<!doctype html>.*<h1>The app takes no connections<\/h1>/s);
    expect(page.body).toContain(String(page.headers['x-request-id']));
    const text = await get(`${origin}/nobody`, agent, 10_000, { accept: '*/*' });
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text.body).toMatch(/^The app takes no connections\.\n/);
  });

  it('leaves what an app answers as it is, faults included', async () => {
    for (const status of [400, 403, 404, 413, 500, 502, 503, 504]) {
      const answer = await get(`${origin}/status/${status}`, agent, 10_000, { accept: 'text/html' });
      expect(answer).toMatchObject({
        status,
        body: 'of the app itself',
        headers: { 'content-type': 'text/plain' },
      });
    }
  });
});

describe('what an app sees of a request', () => {
  const invented = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'gopher',
    x_forwarded_for: '203.0.113.8',
    'x-real-ip': '203.0.113.9',
    forwarded: 'for=203.0.113.10',
    'x-request-id': 'mine',
  };

  it('is its host, and who sent it as the edge saw it and not as the visitor says', async () => {
    const { headers } = JSON.parse((await get(`${origin}/seen`, agent, 10_000, invented)).body);
    const { hostname: host } = new URL(origin);
    expect(headers).toMatchObject({ host, 'x-forwarded-host': host, 'x-forwarded-proto': 'https' });
    expect(isIP(headers['x-forwarded-for'])).not.toBe(0);
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(JSON.stringify(headers)).not.toMatch(/203\.0\.113|evil|gopher|mine/);
  });

  it('is the path as it was sent, but for dot segments', async () => {
    const raw = `GET /a//b%2Fc/../d?e=%2F HTTP/1.1\r\nHost: ${new URL(origin).host}\r\nConnection: close\r\n\r\n`;
    const answer = await sendRaw(new URL(origin).hostname, ca, raw);
    expect(answer).toContain('"url":"/a//d?e=%2F"');
    expect((await get(`${origin}/a//b%2Fc`, agent)).body).toContain('"url":"/a//b%2Fc"');
  });

  it('is never a request that could be read in two ways', async () => {
    const { hostname: host } = new URL(origin);
    const post = (rest: string) => `POST /echo HTTP/1.1\r\nHost: ${host}\r\n${rest}`;
    const refused: [string, string, string][] = [
      ['two lengths', '400', post('Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd')],
      ['length, chunks', '400', post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n')],
      ['no chunk', '400', post('Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n')],
      ['no encoding', '501', post('Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n')],
      ['no host', '400', 'GET /seen HTTP/1.1\r\n\r\n'],
    ];
    const answers = await Promise.all(refused.map(([, , request]) => sendRaw(host, ca, request)));
    expect(answers.map((answer, index) => [refused[index]?.[0], answer.split(' ')[1]])).toEqual(
      refused.map(([what, status]) => [what, status]),
    );
  });
});

describe.concurrent('what passes through', () => {
  it('is an upgraded connection, for longer than the Route’s timeout as long as it is used', async () => {
    const socket = await upgradeTo(new URL(origin).hostname, ca, 'websocket');
    const until = performance.now() + 4_000;
    while (performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      socket.write('ping');
      expect(String(await nextChunk(socket))).toBe('ping');
    }
    socket.destroy();
  });

  it('is a request that only offers an upgrade, without it', async () => {
    const offer = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect(await get(`${origin}/seen`, agent, 10_000, offer)).toMatchObject({ status: 200 });
  });

  it('is a stream of events, line by line and longer than the timeout', async () => {
    let pieces = 0;
    const answer = await stream(`${origin}/drip/14`, 'GET', { 'accept-encoding': 'gzip, br' }, (response) => {
      response.on('data', () => pieces++);
    });
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.complete).toBe(true);
    // On a busy machine a few may come together; held back, they would come as one.
    expect(pieces).toBeGreaterThan(4);
  });

  it('is a body in both directions at once, with what follows it', async () => {
    const { hostname: host } = new URL(origin);
    const socket = await tlsTo(host, ca);
    socket.write(
      `POST /echo HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n` +
        'Expect: 100-continue\r\nConnection: close\r\n\r\n',
    );
    let answer = String(await nextChunk(socket));
    expect(answer).toMatch(/^HTTP\/1.1 100 /);
    socket.write('5\r\nfirst\r\n');
    while (!answer.includes('first')) answer += String(await nextChunk(socket));
    socket.write('4\r\nlast\r\n0\r\n\r\n');
    while (!answer.endsWith('\r\n\r\n') || !answer.includes('x-last'))
      answer += String(await nextChunk(socket));
    expect(answer).toMatch(/last\r\n0\r\nx-last: yes\r\n\r\n$/);
    socket.destroy();
  });

  it('is a large body, whole', async () => {
    const body = Buffer.alloc(8 << 20, 'b');
    const received = await stream(`${origin}/echo`, 'POST', {}, (_response) => undefined, body);
    expect(received).toMatchObject({ statusCode: 200, bytes: body.length });
  });

  it('is HTTP/2 to the visitor, and gRPC as far as the app', async () => {
    const session = await http2To(new URL(origin).hostname, ca);
    const plain = session.request({ ':path': '/seen' });
    expect((await once(plain, 'response'))[0]).toMatchObject({ ':status': 200 });
    plain.resume();
    const call = session.request({
      ':path': '/demo.Calls/Echo',
      ':method': 'POST',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const trailers = once(call, 'trailers');
    call.write('one');
    expect((await once(call, 'response'))[0]).toMatchObject({ 'content-type': 'application/grpc' });
    expect(String((await once(call, 'data'))[0])).toBe('one');
    call.end('two');
    expect(String((await once(call, 'data'))[0])).toBe('two');
    expect((await trailers)[0]).toMatchObject({ 'grpc-status': '0' });
    session.close();
  });

  it('is compressed where that helps', async () => {
    const ask = (path: string, encoding: string) =>
      stream(`${origin}${path}`, 'GET', { 'accept-encoding': encoding }, () => undefined);
    const plain = await ask('/text', 'identity');
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const encoding of ['br', 'gzip']) {
      const packed = await ask('/text', encoding);
      expect(packed.headers).toMatchObject({ 'content-encoding': encoding, vary: 'Accept-Encoding' });
      expect(packed.bytes).toBeLessThan(plain.bytes / 10);
    }
    const encoded = await ask('/text/encoded', 'gzip');
    expect(encoded).toMatchObject({
      bytes: plain.bytes,
      headers: { 'content-encoding': 'identity-of-ours' },
    });
  });

  it('is, in clear text, a redirect that keeps path and query', async () => {
    const { host } = new URL(origin);
    const answer = await fetch('http://127.0.0.1/a/b?c=d&e=%2F', { redirect: 'manual', headers: { host } });
    expect(answer.status).toBe(301);
    expect(answer.headers.get('location')).toMatch(/\/a\/b\?c=d&e=%2F$/);
  });
});

/** One request whose answer is looked at while it comes. */
function stream(
  url: string,
  method: string,
  headers: Record<string, string>,
  look: (response: IncomingMessage) => void,
  body?: Buffer,
): Promise<{ statusCode: number; headers: IncomingMessage['headers']; complete: boolean; bytes: number }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { agent, method, headers, timeout: 20_000 }, (response) => {
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      look(response);
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers: received, complete } = response;
        resolve({ statusCode, headers: received, complete, bytes });
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('a Route that is open to some networks only', () => {
  it('lets in who comes from one of them and nobody else, whatever they say', async () => {
    const asJson = { accept: 'application/json', 'x-forwarded-for': '192.0.2.1' };
    const ask = async (route: string) =>
      get(`https://${await hostname(installation, pod, route)}/seen`, agent, 10_000, asJson);
    expectOurs(await ask('elsewhere'), 403, 'NOT_ALLOWED');
    expect(await ask('here')).toMatchObject({ status: 200 });
  });
});

describe('a pod that is stopped', () => {
  it('is said to be not ready', async () => {
    expect(await brainpod(installation, ['pod', 'stop', pod])).toMatchObject({ code: 0 });
    // While the last instance ends, it refuses connections.
    const answer = await until('no instance is left', 30_000, async () => {
      const now = await get(`${origin}/seen`, agent, 10_000, { accept: 'application/json' });
      return now.body.includes('APP_NOT_READY') && now;
    });
    expectOurs(answer, 503, 'APP_NOT_READY');
    expect(answer.headers['retry-after']).toBe('5');
  });
});
