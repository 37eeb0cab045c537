import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Victims } from '../tools/rehearse/victims.ts';
import { createPod, deletePods } from './apps.ts';
import { brainpod, brainpodJson, installationIn, kubectl, type Outcome, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';

const platform = inject('running');
const installation = installationIn(platform.directory);
const agent = edgeAgent(platform.authorityPem, 2);
const victims = new Victims(installation);

const NODE_ADDRESS = '10.244.255.1';
const BASE = 'FROM node:24-trixie-slim';

type Provenance = {
  subject: { digest: { sha256: string } }[];
  predicate: {
    buildDefinition: { resolvedDependencies: { uri?: string }[] };
    runDetails: { metadata: { invocationId: string } };
  };
};

type Sbom = { spdxVersion: string; packages: { name: string }[] };

type Build = { id: string; state: string; error: string | null };

let pod: string;

beforeAll(async () => {
  pod = await createPod(installation);
});

afterAll(async () => {
  agent.destroy();
  await deletePods();
});

async function folder(name: string, files: Record<string, string>): Promise<string> {
  const directory = path.join(installation.home, 'builds', name);
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(directory, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
  }
  return directory;
}

const build = (name: string, directory: string): Promise<Outcome> =>
  brainpod(installation, ['--json', '--pod', pod, 'image', 'build', name, directory]);

async function newest(): Promise<Build> {
  const { items } = await brainpodJson<{ items: Build[] }>(installation, ['--pod', pod, 'build', 'list']);
  const [first] = items;
  if (first === undefined) throw new Error('there is no build');
  return first;
}

function blobAt(blobs: string, digest: string): string {
  const hex = digest.slice('sha256:'.length);
  return path.join(blobs, hex.slice(0, 2), hex, 'data');
}

/** What an image in an OCI image layout says of itself. */
async function configIn(layout: string, digest: string): Promise<{ config: { Cmd: string[] } }> {
  const read = async (name: string) =>
    JSON.parse(await readFile(path.join(layout, 'blobs', name.replace(':', '/')), 'utf8'));
  return await read((await read(digest)).config.digest);
}

/** What a build's steps printed. */
async function printed(id: string): Promise<string[]> {
  const { stdout } = await brainpod(installation, ['--json', '--pod', pod, 'build', 'log', id]);
  const entries = stdout
    .split('\n')
    .flatMap((line): { kind: string; line?: string }[] => (line === '' ? [] : [JSON.parse(line)]));
  return entries.flatMap(({ kind, line }) => (kind === 'log' && line !== undefined ? [line] : []));
}

/** The newest build, once one of its steps has printed a line. */
function running(line: string): Promise<Build> {
  return until(`"${line}" of a build`, 60_000, async () => {
    const found = await newest();
    return found.state === 'pending' && (await printed(found.id)).includes(line) ? found : null;
  });
}

async function ofBuilder(field: string): Promise<string> {
  return await kubectl(installation, ['get', 'pods', '-n', `bpb-${pod}`, '-o', `jsonpath=${field}`]);
}

/** A source whose build has no end in the builder that the pod has now, and ends in another. */
async function endlessHere(name: string): Promise<string> {
  const address = await ofBuilder('{.items[0].status.podIP}');
  expect(address).toMatch(/^10\./);
  const step = `if grep -qF ${address} /proc/net/fib_trie; then echo begun && sleep 3600; else echo once more; fi`;
  return await folder(name, { Dockerfile: `${BASE}\nRUN ${step}\nUSER 1000\n` });
}

/** Ends the BuildKit of the pod's builder, as a kernel without memory does. */
async function killBuilder(): Promise<void> {
  const uid = await ofBuilder('{.items[0].metadata.uid}');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    if ((await read('comm')).trim() !== 'buildkitd' || !(await read('cgroup')).includes(uid)) continue;
    process.kill(Number(pid), 'SIGKILL');
  }
}

describe('a folder', () => {
  it('without a Dockerfile is built on the platform and answers, with one command', async () => {
    const page = 'built where nobody has Docker';
    const directory = await folder('plain', {
      'package.json': JSON.stringify({ name: 'plain', scripts: { start: 'node server.cjs' } }),
      'server.cjs': `require('node:http').createServer((_, response) => response.end(${JSON.stringify(page)})).listen(process.env.PORT);`,
      '.gitignore': 'secret.env\n',
      'secret.env': 'PASSWORD=1',
    });
    const args = ['--pod', pod, 'deploy', directory];
    const first = await brainpodJson<{ url: string; image: string; changed: boolean }>(installation, args);
    expect(first).toMatchObject({ changed: true, image: expect.stringMatching(/@sha256:[0-9a-f]{64}$/) });
    const body = await until('the app', 20_000, async () => {
      const answer = await get(first.url, agent);
      return answer.status === 200 ? answer.body : null;
    });
    expect(body).toBe(page);
    const [, repository = ''] = first.image.match(new RegExp(`/${pod}/([^@]+)@`)) ?? [];
    const provenance = ['--pod', pod, 'image', 'provenance', repository, 'latest'];
    expect(
      await brainpodJson(installation, ['--pod', pod, 'image', 'inspect', repository, 'latest']),
    ).toMatchObject({
      variants: [{ attestations: ['https://slsa.dev/provenance/v1', 'https://spdx.dev/Document'] }],
    });
    const said = await brainpodJson<Provenance>(installation, provenance);
    expect(said.subject).toMatchObject([{ digest: { sha256: first.image.split('@sha256:')[1] } }]);
    const { buildDefinition, runDetails } = said.predicate;
    expect(runDetails.metadata.invocationId).toBe((await newest()).id);
    expect(buildDefinition.resolvedDependencies).toContainEqual(
      expect.objectContaining({ uri: expect.stringContaining('pkg:docker/node@24') }),
    );
    const contained = ['--pod', pod, 'image', 'sbom', repository, 'latest'];
    const sbom = await brainpodJson<Sbom>(installation, contained);
    expect(sbom.spdxVersion).toBe('SPDX-2.3');
    const names = sbom.packages.map(({ name }) => name);
    // Of Debian, and of the image of Node.
    expect(names).toEqual(expect.arrayContaining(['debian/libc6', 'npm']));
    // The same again sends nothing, builds nothing, and changes nothing.
    const again = await brainpodJson<{ image: string; changed: boolean }>(installation, args);
    expect(again).toMatchObject({ changed: false, image: first.image });
    expect(await brainpodJson(installation, provenance)).toEqual(said);
    expect(await brainpodJson(installation, contained)).toEqual(sbom);
  });

  it('is built as flags say, and kept as a layout too', async () => {
    const directory = await folder('chosen', {
      Dockerfile: 'FROM scratch\n',
      'apps/web/package.json': '{"name":"web"}',
      'apps/web/main.cjs': 'console.log("web");',
    });
    const output = path.join(installation.home, 'builds', 'layout');
    const flags = ['--builder', 'railpack', '--folder', 'apps/web', '--start', 'node main.cjs'];
    const args = ['--pod', pod, 'image', 'build', 'chosen', directory, ...flags, '--output', output];
    const built = await brainpodJson<{ builder: string; digest: string; user: string }>(installation, args);
    expect(built).toMatchObject({ builder: 'plan', user: expect.stringMatching(/^\d+/), output });
    const { manifests } = JSON.parse(await readFile(path.join(output, 'index.json'), 'utf8'));
    expect(manifests).toEqual([expect.objectContaining({ digest: built.digest })]);
    const config = await configIn(output, built.digest);
    expect(config.config.Cmd).toEqual(['node', 'main.cjs']);
  });
});

describe('what a step of a build reaches', () => {
  it('is the internet, names and our registry: nothing of the platform and nobody else', async () => {
    const others = (
      await kubectl(installation, [
        'get',
        'pods',
        '-A',
        '-o',
        'jsonpath={range .items[*]}{.metadata.namespace}={.status.podIP} {end}',
      ])
    )
      .split(' ')
      .map((each) => each.split('='))
      .filter(([namespace = '', address = '']) => address !== '' && namespace.startsWith('bp-'));
    const other = others[0]?.[1] ?? '';
    expect(other).toMatch(/^10\./);
    const targets = [
      [NODE_ADDRESS, 4601],
      [NODE_ADDRESS, 6443],
      [NODE_ADDRESS, 443],
      [NODE_ADDRESS, 10250],
      ['127.0.0.1', 4600],
      ['127.0.0.1', 4650],
      ['10.96.0.1', 443],
      ['169.254.169.254', 80],
      [other, 8080],
    ];
    const directory = await folder('walls', {
      'probe.cjs': `
        const net = require('node:net');
        const reach = (host, port) => new Promise((resolve) => {
          const socket = net.connect({ host, port });
          const end = (outcome) => { socket.destroy(); resolve(outcome); };
          socket.setTimeout(1500, () => end('closed'));
          socket.on('connect', () => end('open'));
          socket.on('error', () => end('closed'));
        });
        Promise.all(${JSON.stringify(targets)}.map(async ([host, port]) => host + ':' + port + ' ' + await reach(host, port)))
          .then((lines) => console.log('PROBED ' + lines.join(', ')));
        console.log('MAPPED ' + require('node:fs').readFileSync('/proc/self/uid_map', 'utf8').split('\\n')[0].trim().split(/ +/).join(' '));
      `,
      Dockerfile: `${BASE}\nCOPY probe.cjs /probe.cjs\nRUN node /probe.cjs\nUSER 1000\n`,
    });
    const outcome = await build('walls', directory);
    expect(outcome.stderr).not.toContain('error');
    expect(outcome.code).toBe(0);
    const lines = await printed((await newest()).id);
    const open = lines.find((line) => line.startsWith('PROBED ')) ?? '';
    expect(open.slice('PROBED '.length).split(', ')).toEqual(
      targets.map(([host, port]) => `${host}:${port} ${port === 4601 ? 'open' : 'closed'}`),
    );
    // Root there is user 1000 on the node.
    expect(lines).toContain('MAPPED 0 1000 1');
  });
});

describe('a build', () => {
  it('that fails says at which line, and what the step said', async () => {
    const directory = await folder('failing', {
      Dockerfile: `${BASE}\nRUN echo something went wrong && exit 7\nUSER 1000\n`,
    });
    const outcome = await build('failing', directory);
    expect(outcome.code).not.toBe(0);
    expect(outcome.stdout + outcome.stderr).toContain('line 2 of the Dockerfile');
    expect(await newest()).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('something went wrong'),
    });
  });

  it('uses a secret that nothing keeps: no layer, no image, no log', async () => {
    const value = `abcdefgh-${process.pid}`;
    const directory = await folder('secretive', {
      Dockerfile: [
        BASE,
        'RUN --mount=type=secret,id=TOKEN,env=TOKEN --mount=type=secret,id=TOKEN \\',
        '    test "$(cat /run/secrets/TOKEN)" = "$TOKEN" && echo "GIVEN $TOKEN" && echo "$(printf %s "$TOKEN" | wc -c) characters" > /length',
        'RUN test ! -e /run/secrets/TOKEN && test -z "$TOKEN" && cat /length',
        'USER 1000',
        '',
      ].join('\n'),
    });
    const file = path.join(installation.home, 'token');
    await writeFile(file, value);
    const args = ['--json', '--pod', pod, 'image', 'build', 'secretive', directory];
    const missing = await brainpod(installation, [...args, '--build-secret', 'TOKEN']);
    expect(missing.stderr).toContain('TOKEN is not set');
    const outcome = await brainpod(installation, [...args, '--build-secret', `TOKEN=${file}`]);
    expect(outcome).toMatchObject({ code: 0, stderr: expect.not.stringContaining(value) });
    const lines = await printed((await newest()).id);
    expect(lines).toContain('GIVEN ***');
    expect(lines).toContain(`${value.length} characters`);
    const { digest } = JSON.parse(outcome.stdout) as { digest: string };
    const blobs = path.join(installation.dataDir, 'engine/registry/docker/registry/v2/blobs/sha256');
    const manifest = await readFile(blobAt(blobs, digest), 'utf8');
    const { config, layers } = JSON.parse(manifest) as Record<'config', { digest: string }> & {
      layers: { digest: string }[];
    };
    const own = layers
      .slice(-2)
      .map(async (layer) => gunzipSync(await readFile(blobAt(blobs, layer.digest))));
    const texts = [
      manifest,
      await readFile(blobAt(blobs, config.digest), 'utf8'),
      ...(await Promise.all(own)),
    ];
    for (const text of texts) expect(text.includes(value)).toBe(false);
    expect(texts.some((text) => text.includes(`${value.length} characters`))).toBe(true);
  });

  it('that nobody can plan asks by name for what is missing', async () => {
    const outcome = await build('unknown', await folder('unknown', { 'notes.txt': 'nothing to build' }));
    expect(outcome.code).not.toBe(0);
    expect(outcome.stdout + outcome.stderr).toContain('Dockerfile');
  });

  it('without end is cancelled, and the next one goes on', async () => {
    const endless = await folder('endless', {
      Dockerfile: `${BASE}\nRUN echo begun && sleep 3600\nUSER 1000\n`,
    });
    const building = build('endless', endless);
    const { id } = await running('begun');
    await brainpodJson(installation, ['--pod', pod, 'build', 'cancel', id]);
    expect((await building).code).not.toBe(0);
    expect(await newest()).toMatchObject({ id, state: 'cancelled' });
    const next = await build(
      'next',
      await folder('next', { Dockerfile: `${BASE}\nRUN echo next\nUSER 1000\n` }),
    );
    expect(next.code).toBe(0);
  });

  it('whose server is killed in the middle is begun again, and ends', async () => {
    const building = build('outliving', await endlessHere('outliving'));
    const { id } = await running('begun');
    process.kill(await victims.pidOf('server'), 'SIGKILL');
    expect(await building).toMatchObject({ code: 0 });
    expect(await newest()).toMatchObject({ id, state: 'ready' });
    expect(await printed(id)).toContain('once more');
  });

  it('whose builder is killed in the middle is begun again, and ends', async () => {
    const building = build('lost', await endlessHere('lost'));
    const { id } = await running('begun');
    await killBuilder();
    expect(await building).toMatchObject({ code: 0 });
    expect(await newest()).toMatchObject({ id, state: 'ready' });
    expect(await printed(id)).toContain('once more');
  });

  it('that forks without end ends itself, and nobody else', async () => {
    const bomb = `$|=1; 1 while defined(fork); print qq(FULL\\n); sleep 600`;
    const directory = await folder('forks', { Dockerfile: `${BASE}\nRUN perl -e '${bomb}'\nUSER 1000\n` });
    const bombing = build('forks', directory);
    const { id } = await running('FULL');
    // The platform, and what else runs there, answer all the while.
    expect((await get(platform.url, agent)).status).toBe(200);
    await brainpod(installation, ['--pod', pod, 'build', 'cancel', id]);
    expect((await bombing).code).not.toBe(0);
    const after = await build(
      'after',
      await folder('after', { Dockerfile: `${BASE}\nRUN echo after\nUSER 1000\n` }),
    );
    expect(after.code).toBe(0);
  });
});
