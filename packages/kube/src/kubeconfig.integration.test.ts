import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KubeClient } from './client.ts';
import { readKubeconfig } from './kubeconfig.ts';

let dir: string;
/** Of the run's real API server. */
let server: string;
let caPath: string;
let token: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'brainpod-kubeconfig-'));
  const path = testKubeconfig();
  const access = await readKubeconfig(path);
  server = access.server;
  token = access.token ?? '';
  caPath = join(dirname(path), 'pki/apiserver.crt');
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function writeConfig(
  name: string,
  user: string,
  cluster = `certificate-authority: ${caPath}`,
): Promise<string> {
  const path = join(dir, name);
  await writeFile(
    path,
    `apiVersion: v1
kind: Config
current-context: here
contexts:
- name: here
  context: {cluster: c, user: u}
clusters:
- name: c
  cluster:
    server: ${server}
    ${cluster}
users:
- name: u
  user:
${user}
`,
  );
  return path;
}

async function worksWith(path: string): Promise<boolean> {
  const client = await KubeClient.fromKubeconfig(path, {
    environment: { PATH: process.env.PATH, GREETING: 'hello' },
  });
  try {
    return (await client.list({ apiVersion: 'v1', kind: 'Namespace' })).items.length > 0;
  } finally {
    client.close();
  }
}

test('a token, in the file or in one beside it, and a certificate authority as data', async () => {
  expect(await worksWith(await writeConfig('token', `    token: ${token}`))).toBe(true);
  await writeFile(join(dir, 'token.txt'), `${token}\n`);
  const ca = (await readFile(caPath)).toString('base64');
  const path = await writeConfig(
    'token-file',
    '    tokenFile: token.txt',
    `certificate-authority-data: ${ca}`,
  );
  expect(await worksWith(path)).toBe(true);
});

test('a program that signs in gets its environment and arguments', async () => {
  const program = join(dir, 'sign-in');
  const credential = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token },
  });
  await writeFile(
    program,
    `#!/bin/sh
[ "$1" = "--for" ] && [ "$EXTRA" = "more" ] && [ "$GREETING" = "hello" ] || { echo "called wrongly" >&2; exit 3; }
case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 4 ;; esac
echo '${credential}'
`,
  );
  await chmod(program, 0o755);
  const user = (arg: string): string => `    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./sign-in
      args: ["${arg}"]
      env: [{name: EXTRA, value: more}]`;
  expect(await worksWith(await writeConfig('exec', user('--for')))).toBe(true);
  await expect(worksWith(await writeConfig('exec-wrong', user('--against')))).rejects.toThrow(
    /called wrongly/,
  );
  const missing = await writeConfig('exec-missing', '    exec: {command: no-such-program-here}');
  await expect(worksWith(missing)).rejects.toThrow(/"no-such-program-here".*could not be started/);
});

test('a token that is replaced while the client lives', async () => {
  const path = await writeConfig('rotated', '    tokenFile: rotated.txt');
  await writeFile(join(dir, 'rotated.txt'), 'outdated');
  const client = await KubeClient.fromKubeconfig(path);
  await expect(client.serverVersion()).rejects.toThrow();
  await writeFile(join(dir, 'rotated.txt'), token);
  expect((await client.serverVersion()).major).toBe(1);
  client.close();
});

test('a proxy, for which the official client is loaded', async () => {
  const asked: string[] = [];
  const proxy = createServer((socket) => {
    socket.once('data', (data) => {
      asked.push(data.toString('latin1').split('\r\n')[0] ?? '');
      socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const path = await writeConfig('proxy', `    token: ${token}`, `proxy-url: http://127.0.0.1:${port}`);
  await expect(worksWith(path)).rejects.toThrow();
  expect(asked).toContain(`CONNECT ${server.replace('https://', '')} HTTP/1.1`);
  proxy.close();
});

test('a certificate that is not trusted is refused', async () => {
  const path = await writeConfig('untrusted', `    token: ${token}`, 'tls-server-name: localhost');
  await expect(worksWith(path)).rejects.toMatchObject({ reason: 'Unreachable' });
});

test.each([
  ['missing context', 'current-context: other', /no context "other"/],
  ['no context', '{}', /names no context/],
  ['nothing', '', /not a kubeconfig/],
  [
    'no server',
    'current-context: a\ncontexts: [{name: a, context: {cluster: c}}]\nclusters: [{name: c, cluster: {}}]',
    /no "server"/,
  ],
  ['no cluster', 'current-context: a\ncontexts: [{name: a, context: {cluster: c}}]', /no cluster "c"/],
])('says what is wrong: %s', async (name, content, message) => {
  const path = join(dir, `wrong-${name}`);
  await writeFile(path, content);
  await expect(KubeClient.fromKubeconfig(path)).rejects.toThrow(message);
});
