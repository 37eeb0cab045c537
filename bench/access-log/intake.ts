/**
 * The server's intake, in a process of its own so that what it takes can be told from what the rest does. Its argument is an
 * Intake in JSON. It says "ready", and at SIGTERM what became of all records.
 */
import { readEdgeCount } from '@brainpod/server/request-log/edge-count';
import { keepRequestLog } from '@brainpod/server/request-log/request-log';
import { openStore } from '@brainpod/store/store';
import { pino } from 'pino';

export type Intake = {
  database: { host: string; user: string; database: string };
  socket: string;
  /** The URL of Envoy's statistics. */
  statistics: string;
};

// Written by bench/access-log.ts.
const { database, socket, statistics } = JSON.parse(process.argv[2] ?? '') as Intake;
const store = openStore({ connection: database });
const log = await keepRequestLog({
  store,
  socket,
  logger: pino({ level: 'error' }, pino.destination(2)),
  bounds: { days: 7, bytesPerPod: 1e9 },
  readEdge: () => readEdgeCount(statistics),
});
process.once('SIGTERM', async () => {
  await log.stop();
  await store.close();
  console.log(JSON.stringify(log.counts));
});
console.log('ready');
