import { X509Certificate } from 'node:crypto';
import { get as getPlainly } from 'node:http';
import { connect } from 'node:tls';
import { expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { answering, createPod, createResources, deploy, documents, hostname } from './apps.ts';
import { setRecord } from './authority.ts';
import { brainpod, brainpodJson, installationIn, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { startLoad } from './load.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const { authority } = running;

type Domain = {
  domain: string;
  state: string;
  reason: string | null;
  records: { name: string; value: string }[];
};

/** The documents of an App and its Route, which has these domains of its own. */
function withDomains(name: string, image: string, domains: string[]): object[] {
  return documents(name, image).map((document) => {
    // As documents() makes them.
    const { kind, spec, ...rest } = document as { kind: string; spec: object };
    return kind === 'Route' ? { ...rest, kind, spec: { ...spec, domains } } : document;
  });
}

/** The certificate that a visitor of the name is shown; null where there is no connection to be had. */
function shownCertificate(servername: string): Promise<X509Certificate | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: 443, servername, rejectUnauthorized: false }, () => {
      const { raw } = socket.getPeerCertificate();
      socket.destroy();
      resolve(new X509Certificate(raw));
    });
    socket.on('error', () => resolve(null));
  });
}

/** What a GET by HTTP without TLS is answered, and where it leads to. */
function plainly(host: string, path: string): Promise<{ status?: number; location?: string }> {
  return new Promise((resolve, reject) => {
    const asked = getPlainly({ host: '127.0.0.1', port: 80, path, headers: { host } }, (response) => {
      const { statusCode: status, headers } = response.resume();
      resolve({ ...(status && { status }), ...(headers.location && { location: headers.location }) });
    });
    asked.on('error', reject);
  });
}

it('a domain goes from waiting for DNS to active, and is renewed with no request lost; nobody else gets it', async () => {
  const pod = await createPod(installation);
  const image = await pushApp(installation, pod, 'shop', { program: answering('the shop', 8080) });
  const domain = `www.${pod}.example.com`;
  await createResources(installation, pod, withDomains('shop', image, [domain]));
  expect(await deploy(installation, pod)).toMatchObject({ code: 0 });
  const find = async (): Promise<Domain | undefined> =>
    (await brainpodJson<Domain[]>(installation, ['domain', 'list', pod])).find(
      (each) => each.domain === domain,
    );
  await until(
    'it waits for DNS',
    20_000,
    async () => (await find())?.reason?.includes('Set a CNAME record') === true,
  );
  expect(await find()).toMatchObject({ state: 'waitingForDns' });
  expect(await shownCertificate(domain)).toBeNull();

  const target = await hostname(installation, pod, 'shop');
  await setRecord(authority, 'A', domain, '127.0.0.1');
  await setRecord(authority, 'CNAME', domain, target);
  const checked = await brainpod(installation, ['domain', 'check', pod, domain, '--wait']);
  expect(checked, checked.stderr).toMatchObject({ code: 0 });
  expect(await find()).toMatchObject({ state: 'active', reason: null, certificate: { issuer: 'acme' } });

  const agent = edgeAgent(authority.rootPem, 4);
  const url = `https://${domain}/`;
  await until('the domain answers', 20_000, async () => {
    try {
      return (await get(url, agent)).body === 'the shop';
    } catch (error) {
      if (error instanceof Error) return false;
      throw error;
    }
  });
  const first = await shownCertificate(domain);
  expect(first?.issuer).toContain('Pebble Intermediate');
  expect(first?.subjectAltName).toBe(`DNS:${domain}`);

  // Each connection of its own, so that each sees the certificate that is served then.
  const fresh = edgeAgent(authority.rootPem, 4, { keepAlive: false });
  const loads = [startLoad(url, agent, 2, 20), startLoad(url, fresh, 2, 50)];
  const next = async () => (await shownCertificate(domain))?.serialNumber;
  await until('another certificate is served', 60_000, async () => (await next()) !== first?.serialNumber);
  await until('it is active again', 10_000, async () => (await find())?.state === 'active');
  const results = await Promise.all(loads.map((load) => load.stop()));
  for (const { sent, lost, losses } of results) {
    expect({ lost, losses }).toEqual({ lost: 0, losses: [] });
    expect(sent).toBeGreaterThan(100);
  }
  // What the authority asked for is answered no more: by HTTP there is the redirect alone.
  const challenge = '/.well-known/acme-challenge/a-token';
  expect(await plainly(domain, challenge)).toEqual({
    status: 301,
    location: `https://${domain}${challenge}`,
  });

  const other = await createPod(installation);
  const refused = await brainpod(
    installation,
    ['--pod', other, 'resource', 'create', '-f', '-'],
    JSON.stringify(withDomains('shop', image.replace(pod, other), [domain])),
  );
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain(`${domain} is used by another pod already`);
});
