/**
 * The registry's front, that is a whole server with its keys in PostgreSQL, beside the registry behind it asked directly,
 * and beside what the disk does in the same folder; by turns. Writes docs/results/registry.md. `--rounds N`, `--seconds N`
 * of each round of manifests, `--megabytes N` of an image, `--dry` to print only.
 */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { StorageLayout } from '@brainpod/registry/storage-layout';
import { PostgresServer } from '@brainpod/testkit/postgres';
import { openPlace, type Place } from '../tools/registry-clients/place.ts';
import type { Load, LoadResult } from './api/load.ts';
import { engineBinaries } from './engine-binaries.ts';
import { cpuSeconds } from './processes.ts';
import { type ManifestRound, type Measured, type Sides, tablesOf } from './registry/report.ts';
import type { Transfer, Transferred } from './registry/transfer.ts';
import { writeTable } from './results.ts';

const LOAD = path.join(import.meta.dirname, 'api/load.ts');
const TRANSFER = path.join(import.meta.dirname, 'registry/transfer.ts');
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONNECTIONS = 16;
const WARM_UP_SECONDS = 3;

type Side = { name: keyof Sides<unknown>; port: number; pid: number; authorization: string | null };

const run = promisify(execFile);
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    megabytes: { type: 'string', default: '500' },
    environment: { type: 'string', default: '{}' },
    dry: { type: 'boolean', default: false },
  },
});
const rounds = Number(values.rounds);
const bytes = Number(values.megabytes) * 1e6;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const postgres = await PostgresServer.create();
try {
  const database = await postgres.createDatabase('registry');
  const place = await openPlace({
    registry: path.join(engineBinaries(), 'registry'),
    database,
    environment: JSON.parse(values.environment),
  });
  try {
    const measured = await measure(place);
    const table = tablesOf(measured, {
      rounds,
      seconds: Number(values.seconds),
      bytes,
      connections: CONNECTIONS,
    });
    console.log(table);
    if (!values.dry) await writeTable('registry.md', table);
  } finally {
    await place.close();
  }
} finally {
  await postgres.remove();
}

async function measure(place: Place): Promise<Measured> {
  const sides: Side[] = [
    { name: 'plain', port: portOf(place.registry.origin), pid: place.registry.pid, authorization: null },
    {
      name: 'front',
      port: portOf(place.server.origin),
      pid: place.server.pid,
      authorization: `Basic ${Buffer.from(`api:${place.key.secret}`).toString('base64')}`,
    },
  ];
  const measured: Measured = {
    manifests: { same: both(), several: both() },
    transfers: { write: [], read: [], push: both(), pull: both(), warmPull: both() },
  };
  const repository = `${place.pod}/bench`;
  const { transfers } = measured;
  const layout = new StorageLayout(place.registry.storage);
  for (let round = 0; round <= rounds; round++) {
    const file = path.join(place.registry.storage, 'of-the-disk');
    const took: Record<string, number> = {};
    const written = await move({ what: 'write', file, bytes });
    await dropFromMemory(file);
    const wasRead = await move({ what: 'read', file });
    await rm(file);
    for (const { name, port, authorization } of round % 2 === 0 ? sides : sides.toReversed()) {
      const pushed = await move({ what: 'push', port, authorization, repository, bytes });
      const blob = layout.blob(pushed.layer);
      await dropFromMemory(blob);
      const pull = { what: 'pull' as const, port, authorization, repository, layer: pushed.layer };
      const pulled = await move(pull);
      const again = await move(pull);
      if (again.bytes !== bytes) throw new Error(`the layer has ${again.bytes} bytes`);
      // The registry takes a tag of what it has in whole.
      if (round < rounds) await rm(blob);
      took[name] = pushed.seconds;
      // The first round warms up.
      if (round === 0) continue;
      transfers.push[name].push(pushed.seconds);
      transfers.pull[name].push(pulled.seconds);
      transfers.warmPull[name].push(again.seconds);
    }
    if (round === 0) continue;
    transfers.write.push(written.seconds);
    transfers.read.push(wasRead.seconds);
  }
  await tagAgain(place, repository);
  for (const side of sides) await ask(side, `/v2/${repository}/manifests/1`, WARM_UP_SECONDS);
  for (let round = 0; round < rounds; round++) {
    for (const side of sides) {
      const { same, several } = measured.manifests;
      const tag = `/v2/${repository}/manifests`;
      same[side.name].push(await ask(side, `${tag}/1`, Number(values.seconds)));
      several[side.name].push(await ask(side, `${tag}/of-{connection}`, Number(values.seconds)));
    }
  }
  return measured;
}

/** A tag for each connection. */
async function tagAgain({ registry }: Place, repository: string): Promise<void> {
  const manifests = `${registry.origin}/v2/${repository}/manifests`;
  const manifest = await (await fetch(`${manifests}/1`, { headers: { accept: MANIFEST } })).text();
  for (let connection = 0; connection < CONNECTIONS; connection++) {
    const put = { method: 'PUT', headers: { 'content-type': MANIFEST }, body: manifest };
    const { status } = await fetch(`${manifests}/of-${connection}`, put);
    if (status !== 201) throw new Error(`a tag was not taken: ${status}`);
  }
}

function both<T>(): Sides<T> {
  return { plain: [], front: [] };
}

async function ask({ port, pid, authorization }: Side, of: string, seconds: number): Promise<ManifestRound> {
  const load: Load = {
    ...{ port, authorization, seconds, accept: MANIFEST, connections: CONNECTIONS },
    path: of,
  };
  const before = cpuSeconds(pid);
  const { stdout } = await run(process.execPath, [LOAD, JSON.stringify(load)]);
  // Printed by load.ts.
  const result = JSON.parse(stdout) as LoadResult;
  return { ...result, cpuMsPerAnswer: ((cpuSeconds(pid) - before) / result.answers) * 1000 };
}

async function move(transfer: Transfer): Promise<Transferred> {
  const { stdout } = await run(process.execPath, [TRANSFER, JSON.stringify(transfer)]);
  // Printed by transfer.ts.
  return JSON.parse(stdout) as Transferred;
}

/** What is read next comes from the disk. */
async function dropFromMemory(file: string): Promise<void> {
  await run('dd', [`of=${file}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0']);
}

function portOf(origin: string): number {
  return Number(new URL(origin).port);
}
