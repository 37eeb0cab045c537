import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BuildError } from '@brainpod/builder/execute/build-error';
import { buildImage } from '@brainpod/builder/execute/build-image';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CliFailure } from '../failure.ts';
import { BuildsStandIn, WAITING } from '../testing/builds-stand-in.ts';
import { Platform, REGISTRY_HOST } from '../testing/platform.ts';
import { runInProcess } from '../testing/run-in-process.ts';
import { BuildsConnection } from './builds-api.ts';
import { type DeployEvent, deployDirectory } from './deploy-directory.ts';

const EXAMPLE = join(import.meta.dirname, '..', '..', '..', '..', 'examples', 'hello-node');

let platform: Platform;
let pod: string;

beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform?.stop());
beforeEach(async () => {
  platform.verdict = () => null;
  pod = (await platform.client.createPod()).name;
});

async function source(name: string, files: Record<string, string>): Promise<string> {
  const directory = join(platform.home, pod, name);
  await mkdir(directory, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(directory, file), text);
  return directory;
}

async function deploy(directory: string) {
  const events: DeployEvent[] = [];
  const result = await deployDirectory({
    client: platform.client,
    apiKey: platform.apiKey,
    pod,
    directory,
    registryEndpoint: platform.origin,
    builder: platform.builder,
    environment: { PATH: '/usr/bin:/bin', HOME: platform.home },
    report: (event) => events.push(event),
    timeoutMs: 20_000,
  });
  return { result, phases: events.flatMap((event) => (event.kind === 'phase' ? [event.phase] : [])) };
}

/** The digest that an OCI image layout names, and what it says of the rest; fails where a file is not what its name says. */
async function blobsOf(layout: string): Promise<string[]> {
  const read = async (digest: string): Promise<Buffer> => {
    const bytes = await readFile(join(layout, 'blobs', digest.replace(':', '/')));
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    return bytes;
  };
  const { manifests } = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8'));
  const [{ digest, annotations }] = manifests;
  expect(annotations).toEqual({ 'org.opencontainers.image.ref.name': 'v2' });
  const manifest = JSON.parse((await read(digest)).toString('utf8'));
  await read(manifest.config.digest);
  for (const layer of manifest.layers) await read(layer.digest);
  expect(await readdir(join(layout, 'blobs/sha256'))).toHaveLength(2 + manifest.layers.length);
  return [digest, 'config', ...manifest.layers.map(() => 'layer')];
}

async function documents(): Promise<Map<string, unknown>> {
  const resources = await platform.client.listResources(pod);
  return new Map(resources.map(({ content }) => [`${content.kind}/${content.metadata.name}`, content.spec]));
}

const START = '{"scripts":{"start":"node server.js"}}';
const DOCKERFILE = 'FROM scratch\nCOPY . /\nEXPOSE 9000\nUSER 1000\n';

describe('a directory with a Dockerfile only', () => {
  it('becomes an App named after it and a Route to the port that it exposes', async () => {
    const { result, phases } = await deploy(await source('My Shop_1', { Dockerfile: DOCKERFILE }));
    expect(phases).toEqual(['building', 'built', 'writing', 'deploying', 'live']);
    expect(result.url).toMatch(/^https:\/\/[a-z0-9-]+\.example\.test\/$/);
    expect(result.image).toMatch(new RegExp(`^${REGISTRY_HOST}/${pod}/my-shop-1@sha256:[0-9a-f]{64}$`));
    const specs = await documents();
    expect(specs.get('App/my-shop-1')).toMatchObject({
      image: result.image,
      env: [{ name: 'PORT', value: '9000' }],
    });
    expect(specs.get('Route/my-shop-1')).toMatchObject({
      rules: [{ port: 9000, backendRef: 'urn:brain:app:default:my-shop-1' }],
    });
  });

  it('is left alone the second time, keeps its hostname when it changes', async () => {
    const directory = await source('shop', { Dockerfile: DOCKERFILE });
    const first = (await deploy(directory)).result;
    const second = (await deploy(directory)).result;
    expect([second.changed, second.revisionId, second.url]).toEqual([false, first.revisionId, first.url]);
    await writeFile(join(directory, 'new.txt'), 'new');
    const third = (await deploy(directory)).result;
    expect([third.changed, third.url]).toEqual([true, first.url]);
    expect(third.image).not.toBe(first.image);
  });
});

describe('a directory with resources', () => {
  it('is deployed as it says, with the built image put in', async () => {
    const directory = join(platform.home, pod, 'hello-node');
    await cp(EXAMPLE, directory, { recursive: true });
    // The example's own base image takes half a minute to make: its resources are what is tested here.
    await writeFile(join(directory, 'Dockerfile'), DOCKERFILE);
    const { result } = await deploy(directory);
    const specs = await documents();
    expect([...specs.keys()].sort()).toEqual(['App/hello-node', 'Config/hello-node', 'Route/hello-node']);
    expect(specs.get('App/hello-node')).toMatchObject({ image: result.image, replicas: 2 });
    expect((await deploy(directory)).result.changed).toBe(false);
  });

  it('is refused where no App takes the image', async () => {
    const text = (await readFile(join(EXAMPLE, 'resources.yaml'), 'utf8')).replace(
      'image: hello-node',
      'image: nginx',
    );
    const directory = await source('refused', { Dockerfile: DOCKERFILE, 'resources.yaml': text });
    await expect(deploy(directory)).rejects.toThrow(/image the App's own name/);
    expect((await documents()).size).toBe(0);
  });
});

describe('built by the platform', () => {
  /** Sends to a stand-in, and has what it asks for built by the real builder. */
  async function deployHosted(directory: string, error: string | null = null) {
    const server = await BuildsStandIn.start();
    const api = new BuildsConnection({ endpoint: server.origin, token: 'key' });
    const hosted = new BuildsConnection({ endpoint: server.origin, token: 'key' });
    hosted.createBuild = async (name, request, signal) => {
      const { digest } = await buildImage({
        directory,
        ...platform.builder,
        registryEndpoint: platform.origin,
        repository: `${name}/${request.image}`,
        tag: request.tag,
        apiKey: platform.apiKey,
        environment: { PATH: '/usr/bin:/bin', HOME: platform.home },
        onEvent: () => undefined,
      });
      const image = { repository: request.image, tag: request.tag, reference: null, digest };
      server.build = { ...WAITING, state: error === null ? 'ready' : 'failed', error, image };
      return await api.createBuild(name, request, signal);
    };
    const events: DeployEvent[] = [];
    const client = platform.client;
    const result = await deployDirectory({
      client,
      apiKey: platform.apiKey,
      pod,
      directory,
      registryEndpoint: platform.origin,
      builder: { hosted },
      environment: { HOME: platform.home },
      summary: 'from a folder',
      report: (event) => events.push(event),
      timeoutMs: 20_000,
    }).finally(() => server.stop());
    return { result, server, kinds: events.map(({ kind }) => kind) };
  }

  it('runs what it built, and is left alone where nothing changed', async () => {
    const directory = await source('hosted', { Dockerfile: DOCKERFILE, 'a.txt': 'a' });
    const { result, server, kinds } = await deployHosted(directory);
    expect(server.contents.size).toBe(2);
    expect(server.requests).toMatchObject([{ image: 'hosted', tag: 'latest', builder: 'auto' }]);
    expect(kinds.slice(0, 4)).toEqual(['phase', 'source', 'source', 'hosted']);
    expect((await documents()).get('App/hosted')).toMatchObject({ image: result.image });
    const { items } = await platform.client.listRevisions(pod);
    expect(items[0]).toMatchObject({ state: 'deployed', summary: 'from a folder' });
    expect((await deployHosted(directory)).result).toMatchObject({ changed: false, image: result.image });
  });

  it('writes nothing where the build failed', async () => {
    const directory = await source('hosted', { Dockerfile: DOCKERFILE });
    await expect(deployHosted(directory, 'Line 3 failed.')).rejects.toThrow('Line 3 failed.');
    expect((await documents()).size).toBe(0);
  });
});

describe('what goes wrong', () => {
  it('in the Dockerfile: nothing is written or deployed', async () => {
    const directory = await source('broken', { Dockerfile: 'FROM scratch\nCOPY nothing /\n' });
    await expect(deploy(directory)).rejects.toThrow(BuildError);
    expect((await documents()).size).toBe(0);
    expect((await platform.client.getPod(pod)).deployed).toBeNull();
  });

  it("in the cluster: the revision's reason is told, and the next attempt tries again", async () => {
    const directory = await source('shop', { Dockerfile: DOCKERFILE });
    platform.verdict = () => ({ error: 'App shop listens on no port 9000.\n  listening on 3000' });
    const failure = await deploy(directory).then(
      () => null,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CliFailure);
    expect(String(failure)).toContain('failed. App shop listens on no port 9000.\n  listening on 3000');
    platform.verdict = () => null;
    expect((await deploy(directory)).result.changed).toBe(true);
  });
});

describe('the command line against the real API', () => {
  const run = (args: string, stdin = '') =>
    runInProcess(args.split(' '), {
      stdin,
      environment: {
        HOME: platform.home,
        BRAINPOD_API_ENDPOINT: platform.origin,
        BRAINPOD_API_TOKEN: platform.apiKey,
        BRAINPOD_POD: pod,
      },
    });

  it('goes from a file to a deployed revision, its change, its diff and its removal', async () => {
    const config = (text: string) =>
      `apiVersion: pod.brainpod.io/v1alpha1\nkind: Config\nmetadata: {name: c, namespace: default}\nspec: {files: {a.txt: ${text}}}\n`;
    expect(await run('resource create -f - --dry-run', config('one'))).toMatchObject({ exitCode: 0 });
    expect(await run('resource create -f -', config('one'))).toMatchObject({ exitCode: 0, stderr: '' });
    const deployed = await run('deploy --summary first --wait');
    expect(deployed).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('is deployed and healthy'),
    });
    expect((await run('resource replace config c -f -', config('two'))).exitCode).toBe(0);
    const { head } = await platform.client.getPod(pod);
    const diff = await run(`revision diff ${head.id}`);
    expect(diff.stdout).toMatch(/update Config\/c[\s\S]*-.*one[\s\S]*\+.*two/);
    expect((await run('resource list')).stdout).toContain('Config');
    expect((await run('resource get config c')).stdout).toContain('a.txt: two');
    expect((await run('resource delete config c')).exitCode).toBe(0);
    expect((await run('revision list')).stdout).toContain('first');
    expect((await run('whoami')).stdout).toContain('ada@example.com');
    expect((await run('cluster list')).stdout).toContain('amd64');
    const schema = await run(`describe resource app --endpoint ${platform.origin}`);
    expect(schema.stdout).toMatch(/spec\.replicas\s+integer 1–10\s+required/);
  });

  it("builds an image with a BuildKit of one's own", async () => {
    const dataDir = join(platform.home, 'data');
    await mkdir(join(dataDir, 'engine'), { recursive: true });
    const binDir = dirname(platform.builder.buildctl);
    await writeFile(join(dataDir, 'engine', 'bin.json'), JSON.stringify({ binDir }));
    const BUILDKIT_HOST = platform.builder.buildkitAddress;
    const imageCommand = async (...args: string[]) =>
      await runInProcess(['image', ...args], {
        environment: {
          HOME: platform.home,
          BRAINPOD_API_ENDPOINT: platform.origin,
          BRAINPOD_REGISTRY_ENDPOINT: platform.origin,
          BRAINPOD_API_TOKEN: platform.apiKey,
          BRAINPOD_POD: pod,
          BRAINPOD_DATA_DIR: dataDir,
          BUILDKIT_HOST,
        },
      });
    const build = async (directory: string, ...flags: string[]) =>
      await imageCommand('build', 'team/web', directory, '--local', ...flags);
    const good = await source('good', { Dockerfile: DOCKERFILE });
    const output = join(platform.home, pod, 'layout');
    const built = await build(good, '--tag', 'v2', '--output', output, '--json');
    const image = JSON.parse(built.stdout);
    expect(image).toMatchObject({
      image: `${REGISTRY_HOST}/${pod}/team/web:v2`,
      reference: expect.stringMatching(new RegExp(`^${REGISTRY_HOST}/${pod}/team/web@sha256:`)),
      platform: 'linux/amd64',
      user: '1000',
      output,
    });
    expect(await blobsOf(output)).toEqual([image.digest, 'config', 'layer']);
    expect((await build(good, '--output', output)).stderr).toContain('not empty. Nothing was built.');
    const said = await imageCommand('provenance', 'team/web', 'v2');
    expect([said.exitCode, said.stderr]).toEqual([
      1,
      expect.stringContaining('Nothing is said of where team/web:v2'),
    ]);
    const other = await source('other', { 'Dockerfile.web': DOCKERFILE, 'package.json': START });
    const byPlan = await build(other, '--builder', 'railpack', '--dockerfile', 'Dockerfile.web');
    expect([byPlan.exitCode, byPlan.stderr]).toEqual([2, expect.stringContaining('Either --dockerfile')]);
    const named = await build(other, '--dockerfile', 'Dockerfile.web', '--json');
    expect(JSON.parse(named.stdout)).toMatchObject({ builder: 'dockerfile', output: null });
    const text = await build(good);
    expect(text.stdout).toContain(`${REGISTRY_HOST}/${pod}/team/web:latest`);
    expect(text.stderr).toContain('COPY . /');
    const broken = await build(await source('bad', { Dockerfile: 'FROM scratch\nCOPY nothing /\n' }));
    expect(broken.exitCode).toBe(1);
    expect(broken.stderr).toMatch(
      /failed at line 2 of the Dockerfile[\s\S]*>>> COPY nothing[\s\S]*"\/nothing": not found/,
    );
    const wrong = await build(good, '--platform', 'linux/s390x');
    expect([wrong.exitCode, wrong.stderr]).toEqual([1, expect.stringContaining('There is: linux/amd64')]);
  });

  it("shows the API's faults with their paths", async () => {
    const outcome = await run('resource create -f -', 'kind: App\nmetadata: {name: UPPER}\n');
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toContain('0.spec');
    expect(outcome.stderr).toContain('0.metadata.name');
  });
});
