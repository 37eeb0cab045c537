/**
 * npm run verify hogs: an instance takes all that it can get of one thing after the other, and its neighbour is asked
 * meanwhile. A Brainpod of its own, in a network namespace; the table goes to docs/results/hogs.md. Needs root.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pushApp } from '../e2e/app-image.ts';
import { createPod, createResources, deploy, documents, hostname } from '../e2e/apps.ts';
import { installationIn, kubectl, npmStart, until } from '../e2e/brainpod.ts';
import { edgeAgent, get } from '../e2e/edge.ts';
import { removeInstallation } from '../e2e/setup.ts';
import { TENANCY_PROBE } from '../e2e/tenancy-probe.ts';
import { createNetworkNamespace } from '../tools/network-namespace.ts';
import { measuredOn } from './machine.ts';
import { quantile } from './quantiles.ts';

const DIRECTORY = '/var/tmp/brainpod-hogs';
const NAMESPACE = 'brainpod-hogs';
const NETWORK_INDEX = 40;
const PAUSE_MS = 10;
const CALM_MS = 10_000;
const INSIDE = 'BRAINPOD_HOGS_INSIDE';

type Measured = {
  what: string;
  came: string;
  answers: number;
  failed: number;
  p50: number | null;
  p99: number | null;
  workMs: number | null;
};

if (process.env[INSIDE] === undefined) runInNamespace();
else await measureAll();

/** Runs this again in a network namespace of its own, with the engine of this commit. */
function runInNamespace(): void {
  const root = path.resolve(import.meta.dirname, '..');
  const built = execFileSync(process.execPath, [path.join(root, 'tools/engine-build.ts')], {
    encoding: 'utf8',
  });
  const engine = JSON.parse(built) as { binDir: string; envoyBinary: string };
  const namespace = createNetworkNamespace(NAMESPACE, NETWORK_INDEX);
  try {
    const [command, args] = namespace.wrap(process.execPath, [import.meta.filename]);
    const { status } = spawnSync(command, args, {
      stdio: 'inherit',
      env: {
        ...process.env,
        [INSIDE]: 'true',
        BRAINPOD_ENGINE_BIN: engine.binDir,
        BRAINPOD_ENVOY_BINARY: engine.envoyBinary,
      },
    });
    process.exitCode = status ?? 1;
  } finally {
    namespace.remove();
  }
}

async function measureAll(): Promise<void> {
  const installation = installationIn(DIRECTORY);
  await removeInstallation(DIRECTORY);
  await mkdir(installation.home, { recursive: true });
  const started = await npmStart(installation);
  if (started.code !== 0) throw new Error(`npm start: ${started.stderr}`);
  try {
    const agent = edgeAgent(await readFile(path.join(installation.dataDir, 'server/ca.crt'), 'utf8'), 8);
    const tenant = async (name: string) => {
      const pod = await createPod(installation);
      const image = await pushApp(installation, pod, name, { program: TENANCY_PROBE });
      await createResources(installation, pod, documents(name, image, { instance: '1x' }));
      const outcome = await deploy(installation, pod);
      if (outcome.code !== 0) throw new Error(outcome.stderr);
      const url = `https://${await hostname(installation, pod, name)}`;
      await until(`${name} answers`, 30_000, async () => (await get(url, agent)).body === 'ready');
      return { url, namespace: `bp-${pod}` };
    };
    const [neighbour, hog] = [await tenant('neighbour'), await tenant('hog')];
    const measure = (what: string, happening: () => Promise<string>) =>
      measureNeighbour(what, neighbour.url, agent, happening);
    const answer = (name: string) => async () => {
      const { status, body } = await get(`${hog.url}/${name}`, agent, 90_000);
      return status === 200 ? body : `it ended (${status})`;
    };
    const rows = [
      await measure('nothing', async () => {
        await pause(CALM_MS);
        return '';
      }),
    ];
    for (const name of ['cpu', 'fork', 'log', 'inodes', 'connections', 'traffic']) {
      rows.push(await measure(name, answer(name)));
      await until('the hog answers again', 60_000, async () => (await get(hog.url, agent)).body === 'ready');
    }
    const share = await shareOfNeighbour(async (who, name) => {
      const { status, body } = await get(`${who === 'hog' ? hog.url : neighbour.url}/${name}`, agent, 90_000);
      if (status !== 200) throw new Error(`${who}/${name} answered ${status}: ${body}`);
      return body;
    });
    const logs = await sizeOfLogs(installation.dataDir, hog.namespace);
    rows.push(
      await measure('memory', async () => {
        const { status } = await get(`${hog.url}/memory`, agent, 90_000);
        await until(
          'the hog answers again',
          60_000,
          async () => (await get(hog.url, agent)).body === 'ready',
        );
        return `ended (${status}), answers again`;
      }),
      await measure('disk', async () => {
        await get(`${hog.url}/disk`, agent, 30_000);
        const message = await until('it is evicted', 90_000, () => evicted(hog.namespace));
        await until(
          'the hog answers again',
          60_000,
          async () => (await get(hog.url, agent)).body === 'ready',
        );
        return `${message} A new one answers`;
      }),
    );
    await writePage(rows, { logsMiB: logs, share });
  } finally {
    await removeInstallation(DIRECTORY);
  }

  async function evicted(namespace: string): Promise<string> {
    const args = [
      'get',
      'events',
      '--field-selector',
      'reason=Evicted',
      '-o',
      'jsonpath={.items[0].message}',
    ];
    return (await kubectl(installation, ['-n', namespace, ...args])).trim();
  }
}

/** Asks the neighbour again and again while something happens. */
async function measureNeighbour(
  what: string,
  url: string,
  agent: ReturnType<typeof edgeAgent>,
  happening: () => Promise<string>,
): Promise<Measured> {
  const [tookMs, workMs]: [number[], number[]] = [[], []];
  let [ended, failed] = [false, 0];
  const asking = (async () => {
    for (let count = 0; !ended; count++) {
      const began = performance.now();
      const isWork = count % 50 === 0;
      try {
        const { status, body } = await get(isWork ? `${url}/work` : url, agent);
        if (status !== 200) failed++;
        else if (isWork) workMs.push(Number(body));
        else tookMs.push(performance.now() - began);
      } catch (error) {
        failed++;
        console.error(`the neighbour of ${what}: ${String(error)}`);
      }
      await pause(PAUSE_MS);
    }
  })();
  const came = await happening().finally(() => {
    ended = true;
  });
  await asking;
  const row = {
    ...{ what, came, failed, answers: tookMs.length + workMs.length },
    ...{ p50: of(tookMs, 0.5), p99: of(tookMs, 0.99), workMs: of(workMs, 0.5) },
  };
  console.log(JSON.stringify(row));
  return row;
}

type Share = { neighbourSeconds: number; hogSeconds: number; tookSeconds: number };

/**
 * What each has of the processors while both have eight busy processes. By their own accounts, so that it does not
 * depend on what else the machine does: both wait for that alike.
 */
async function shareOfNeighbour(
  ask: (who: 'hog' | 'neighbour', name: string) => Promise<string>,
): Promise<Share> {
  const used = async () => ({
    neighbour: Number(await ask('neighbour', 'used')),
    hog: Number(await ask('hog', 'used')),
    at: performance.now(),
  });
  const before = await used();
  await Promise.all([ask('hog', 'cpu'), ask('neighbour', 'cpu')]);
  const after = await used();
  return {
    neighbourSeconds: after.neighbour - before.neighbour,
    hogSeconds: after.hog - before.hog,
    tookSeconds: (after.at - before.at) / 1000,
  };
}

/** Null where there was not one answer to take it of. */
function of(values: readonly number[], part: number): number | null {
  return values.length === 0 ? null : quantile(values, part);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** What the node keeps of the hog's output, in MiB. */
async function sizeOfLogs(dataDir: string, namespace: string): Promise<number> {
  const folder = execFileSync('find', [dataDir, '-type', 'd', '-name', `${namespace}_hog-*`], {
    encoding: 'utf8',
  });
  const size = execFileSync('du', ['-sm', folder.trim().split('\n')[0] ?? ''], { encoding: 'utf8' });
  return Number(size.split('\t')[0]);
}

function figure(value: number | null, digits: number): string {
  return value?.toFixed(digits) ?? '–';
}

async function writePage(
  rows: readonly Measured[],
  { logsMiB, share }: { logsMiB: number; share: Share },
): Promise<void> {
  const lines = rows.map(
    ({ what, came, answers, failed, p50, p99, workMs }) =>
      `| ${what} | ${came} | ${answers} | ${failed} | ${figure(p50, 1)} | ${figure(p99, 1)} | ${figure(workMs, 0)} |`,
  );
  const text = `# Hogs and their neighbour

${measuredOn('npm run verify hogs')}

An instance takes all that it can get of one thing, its neighbour of another tenant, of equal size (1x), is asked through the
edge meanwhile, every ${PAUSE_MS} ms. Client, edge and both instances share the machine. "Work" is what 50 million steps of a loop take in
the neighbour. Whatever else the machine does is in every row, the first among them, with no hog: compare with that one.

| the hog takes | what came of it | neighbour’s answers | failed | p50, ms | p99, ms | work, ms |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
${lines.join('\n')}

While both had 8 busy processes, for ${share.tookSeconds.toFixed(1)} s, the hog had ${share.hogSeconds.toFixed(1)} s of a processor and the neighbour ${share.neighbourSeconds.toFixed(1)} s: an
equal share is half of both together, ${((share.neighbourSeconds / (share.neighbourSeconds + share.hogSeconds)) * 100).toFixed(0)} % was the neighbour's.

Of the hog's output the node kept ${logsMiB} MiB. The hog of connections asks for as many as it can, each from a port of its own, until the
next is refused.
`;
  await writeFile(path.resolve(import.meta.dirname, '../docs/results/hogs.md'), text);
  console.log(text);
  if (rows.some(({ failed }) => failed > 0)) process.exitCode = 1;
}
