/**
 * How the server grows with what it runs: 100, 300 and 1,000 apps on nodes that KWOK plays, each size on a control
 * plane and a database of its own, beside `kubectl apply` of the same objects. Writes docs/results/scale.md.
 * `--apps 100,300` for other sizes, `--rounds N` changes of one app, `--profile DIR` for where the processor time goes,
 * `--dry` to print only. Sizes that were measured on this commit are not measured again.
 */
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '@brainpod/store/store';
import { PostgresServer } from '@brainpod/testkit/postgres';
import { ensureGoProgram } from '../tools/go-programs.ts';
import { KWOK } from '../tools/kwok/kwok.ts';
import { cacheDirectory } from '../tools/start/engine-key.mjs';
import { engineBinaries } from './engine-binaries.ts';
import { writeTable } from './results.ts';
import { ScaleCluster } from './scale/cluster.ts';
import { KeptResults } from './scale/kept-results.ts';
import { populate } from './scale/population.ts';
import { measureReference, objectsOf } from './scale/reference.ts';
import { type SizeResult, scaleTable } from './scale/report.ts';
import { type Ground, measureSize } from './scale/size.ts';

// As the supervisor starts it, but for the number of connections.
const POSTGRES_SETTINGS = ['max_connections=200'];

const { values } = parseArgs({
  options: {
    apps: { type: 'string', default: '100,300,1000' },
    rounds: { type: 'string', default: '100' },
    profile: { type: 'string' },
    dry: { type: 'boolean', default: false },
  },
});
// So that whoever is started here ends too.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const engineBinDir = engineBinaries();
const kwok = await ensureGoProgram(KWOK, cacheDirectory(process.env, homedir()), say);
const profileDir = values.profile === undefined ? null : path.resolve(values.profile);
if (profileDir !== null) await mkdir(profileDir, { recursive: true });

const kept = new KeptResults(engineBinDir);
const results: SizeResult[] = [];
for (const apps of values.apps.split(',').map(Number)) {
  console.log(`== ${apps} apps`);
  const result = kept.find(apps, Number(values.rounds)) ?? (await measure(apps));
  kept.keep(result);
  results.push(result);
}
const table = scaleTable(results);
console.log(table);
if (!values.dry) await writeTable('scale.md', table);

async function measure(apps: number): Promise<SizeResult> {
  const postgres = await PostgresServer.create(POSTGRES_SETTINGS);
  try {
    const database = await postgres.createDatabase('scale');
    const store = openStore({ connection: database });
    try {
      await store.migrate();
      return await measureWith({ store, postgres, database, profileDir, say }, apps);
    } finally {
      await store.close();
    }
  } finally {
    await postgres.remove();
  }
}

async function measureWith(ground: Omit<Ground, 'cluster'>, apps: number): Promise<SizeResult> {
  const rounds = Number(values.rounds);
  const { measured, pods } = await onCluster(apps, (cluster) =>
    measureSize({ ...ground, cluster }, () => populate(ground.store, apps), rounds),
  );
  say('kubectl');
  const objects = await objectsOf(ground.store, pods);
  const reference = await onCluster(apps, ({ kube, kubeconfig }) =>
    measureReference({
      kubectl: { binary: path.join(engineBinDir, 'kube'), kubeconfig },
      kube,
      objects,
      rounds,
    }),
  );
  return { apps, pods: pods.length, measured, reference };
}

async function onCluster<T>(apps: number, work: (cluster: ScaleCluster) => Promise<T>): Promise<T> {
  const cluster = await ScaleCluster.start({ engineBinDir, kwok, apps });
  try {
    return await work(cluster);
  } finally {
    await cluster.remove();
  }
}

function say(text: string): void {
  console.log(`   ${text} …`);
}
