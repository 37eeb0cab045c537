import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLL_MS = 20;
const ANSWER_TIMEOUT_MS = 60_000;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

type ImageDocument = {
  config: { Env?: string[]; Entrypoint?: string[]; Cmd?: string[]; WorkingDir?: string; User?: string };
};
type Manifest = { config: { digest: string }; layers: { digest: string; size: number }[] };

/** What an image answered, from the inside of a network of its own. `bytes`: its layers, as they are sent. */
export type Ran = { bytes: number; firstAnswerMs: number; status: number; contentType: string; body: string };

/** Runs an image as an instance is run (its own user, no capability, no new privileges) and asks it for a path. */
export async function runImage(
  image: { registryUrl: string; repository: string; digest: string },
  ask: string,
): Promise<Ran> {
  const folder = await mkdtemp(path.join(tmpdir(), 'brainpod-run-image-'));
  try {
    const read = async (what: string): Promise<Response> => {
      const answer = await fetch(`${image.registryUrl}/v2/${image.repository}/${what}`, {
        headers: { accept: MANIFEST },
      });
      if (!answer.ok) throw new Error(`The registry answered ${answer.status} for ${what}.`);
      return answer;
    };
    // What BuildKit has just pushed.
    const manifest = (await (await read(`manifests/${image.digest}`)).json()) as Manifest;
    const document = (await (await read(`blobs/${manifest.config.digest}`)).json()) as ImageDocument;
    const root = path.join(folder, 'rootfs');
    await mkdir(root);
    for (const { digest } of manifest.layers) {
      const layer = path.join(folder, 'layer.tar.gz');
      await writeFile(layer, Buffer.from(await (await read(`blobs/${digest}`)).arrayBuffer()));
      // What a layer removes stays: nothing that is run here depends on that.
      await run('tar', ['-xzf', layer, '-C', root, '--exclude=.wh.*', '--numeric-owner']);
      await rm(layer);
    }
    await writeFile(path.join(folder, 'config.json'), JSON.stringify(runtimeSpec(document)));
    const bytes = manifest.layers.reduce((sum, { size }) => sum + size, 0);
    return { bytes, ...(await askContainer(folder, ask)) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function askContainer(bundle: string, ask: string): Promise<Omit<Ran, 'bytes'>> {
  const id = path.basename(bundle);
  const said: string[] = [];
  const startedAt = performance.now();
  const child = spawn('runc', ['run', '--bundle', bundle, id], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const exited = once(child, 'exit');
  try {
    for (;;) {
      const answer = askInside(id, ask);
      if (answer !== null) return { firstAnswerMs: performance.now() - startedAt, ...answer };
      if (child.exitCode !== null || performance.now() - startedAt > ANSWER_TIMEOUT_MS) {
        throw new Error(`The image did not answer. It said:\n${said.join('')}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  } finally {
    spawnSync('runc', ['kill', id, 'KILL']);
    await exited;
    spawnSync('runc', ['delete', '--force', id]);
  }
}

/** By an address that is not loopback's: what listens on 127.0.0.1 alone is not reached on the platform either. */
function askInside(id: string, ask: string): { status: number; contentType: string; body: string } | null {
  const state = spawnSync('runc', ['state', id], { encoding: 'utf8' });
  if (state.status !== 0) return null;
  // What runc has just said.
  const { pid, status } = JSON.parse(state.stdout) as { pid: number; status: string };
  if (status !== 'running') return null;
  const inside = (...command: string[]) =>
    spawnSync('nsenter', [`--net=/proc/${pid}/ns/net`, '--', ...command], { encoding: 'utf8' });
  inside('ip', 'addr', 'add', '192.0.2.1/32', 'dev', 'lo');
  const asked = inside('curl', '-s', '-w', '\n%{http_code} %{content_type}', `http://192.0.2.1:8080${ask}`);
  if (asked.status !== 0) return null;
  const end = asked.stdout.lastIndexOf('\n');
  const [code = '', ...type] = asked.stdout.slice(end + 1).split(' ');
  return { status: Number(code), contentType: type.join(' '), body: asked.stdout.slice(0, end) };
}

function runtimeSpec({ config }: ImageDocument): unknown {
  const uid = Number(config.User ?? 0);
  if (!(uid > 0)) throw new Error(`The image starts as "${config.User ?? ''}", which is no number above 0.`);
  const namespaces = ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type }));
  const memory = (destination: string) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'mode=755'],
  });
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid, gid: uid },
      args: [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])],
      env: config.Env ?? [],
      cwd: config.WorkingDir === undefined || config.WorkingDir === '' ? '/' : config.WorkingDir,
      capabilities: {},
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: 'example',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      memory('/dev'),
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'nodev', 'mode=1777'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
    ],
    linux: { namespaces },
  };
}
