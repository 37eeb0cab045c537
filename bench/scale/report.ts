import { measuredOn } from '../machine.ts';
import { median, quantile } from '../quantiles.ts';
import type { Reference } from './reference.ts';
import type { Measured } from './size.ts';

export type SizeResult = { apps: number; pods: number; measured: Measured; reference: Reference };

type Row = { what: string; goal: string; cell: (size: SizeResult) => string };

const ROWS: readonly Row[] = [
  { what: 'cached objects', goal: '', cell: ({ measured }) => String(measured.weight.cachedObjects) },
  {
    what: 'heap per cached object',
    goal: '',
    cell: ({ measured }) => `${measured.weight.bytesPerObject.toFixed(0)} B`,
  },
  {
    what: 'heap after a collection / resident, the reconciler alone',
    goal: '',
    cell: ({ measured: { weight } }) => `${weight.heapMiB.toFixed(0)} / ${weight.rssMiB.toFixed(0)} MiB`,
  },
  {
    what: 'memory of the whole server',
    goal: '',
    cell: ({ measured }) => `${measured.server.memoryMiB.toFixed(0)} MiB`,
  },
  {
    what: 'one look at a pod where nothing changed, p50 / p99',
    goal: '',
    cell: ({ measured }) => spread(measured.resync.tookMs),
  },
  {
    what: 'one look at a pod while all are deployed at once, p50 / p99',
    goal: '',
    cell: ({ measured }) => spread(measured.deploy.tookMs),
  },
  { what: 'a full resync', goal: '', cell: ({ measured }) => seconds(measured.resync.seconds) },
  { what: 'processor time of it', goal: '', cell: ({ measured }) => seconds(measured.resync.cpuSeconds) },
  { what: 'idle, the reconciler alone', goal: '', cell: ({ measured }) => percent(measured.idle.ours) },
  { what: 'idle, the whole server', goal: '', cell: ({ measured }) => percent(measured.server.idle.ours) },
  { what: 'idle, PostgreSQL', goal: '', cell: ({ measured }) => percent(measured.server.idle.postgres) },
  {
    what: 'idle, etcd and Kubernetes (reference)',
    goal: '',
    cell: ({ measured }) => percent(measured.server.idle.kubernetes),
  },
  {
    what: 'one changed app → applied, p50 / p99',
    goal: 'p99 ≤ 2 s',
    cell: ({ measured }) => spread(measured.change.appliedMs),
  },
  {
    what: 'the same by `kubectl apply` (reference)',
    goal: '',
    cell: ({ reference }) => spread(reference.changeMs),
  },
  {
    what: 'one changed app → `deployed`, p50 / p99',
    goal: '',
    cell: ({ measured }) => spread(measured.change.deployedMs),
  },
  { what: 'all apps deployed at once', goal: '', cell: ({ measured }) => seconds(measured.deploy.seconds) },
  {
    what: '`kubectl apply` of all, until available (reference)',
    goal: '',
    cell: ({ reference }) => seconds(reference.availableSeconds),
  },
  {
    what: 'restart of the server → converged',
    goal: '30 s',
    cell: ({ measured }) => seconds(measured.server.seconds),
  },
  {
    what: 'the same, the reconciler alone',
    goal: '',
    cell: ({ measured }) => seconds(measured.restart.seconds),
  },
  {
    what: '`kubectl apply` of all again, nothing changed (reference)',
    goal: '',
    cell: ({ reference }) => seconds(reference.againSeconds),
  },
  {
    what: 'calls to the cluster: first deploy',
    goal: '',
    cell: ({ measured }) => calls(measured.deploy.calls),
  },
  { what: 'calls to the cluster: resync', goal: '', cell: ({ measured }) => calls(measured.resync.calls) },
  { what: 'calls to the cluster: restart', goal: '', cell: ({ measured }) => calls(measured.restart.calls) },
];

/** The table of all sizes. What it means is written below it by hand, and kept. */
export function scaleTable(results: readonly SizeResult[]): string {
  const head = results.map(({ apps, pods }) => `${apps} apps, ${pods} pods`);
  const lines = ROWS.map(
    ({ what, goal, cell }) => `| ${what} | ${results.map(cell).join(' | ')} | ${goal} |`,
  );
  const rounds = results.map(({ measured }) => measured.change.appliedMs.length);
  return `${measuredOn('npm run verify scale')}

| what | ${head.join(' | ')} | goal |
| --- | ${head.map(() => '---:').join(' | ')} | ---: |
${lines.join('\n')}

Changes of one app: ${rounds.join(', ')}, one after the other. Percent are of one core.
`;
}

function spread(values: readonly number[]): string {
  return `${ms(median(values))} / ${ms(quantile(values, 0.99))}`;
}

function ms(value: number): string {
  return value >= 1000 ? seconds(value / 1000) : `${value.toFixed(0)} ms`;
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 1)} s`;
}

function percent(value: number): string {
  return `${value.toFixed(1)} %`;
}

function calls(byMethod: Readonly<Record<string, number>>): string {
  const { PATCH = 0, ...others } = byMethod;
  const rest = Object.values(others).reduce((sum, one) => sum + one, 0);
  return `${PATCH} writes, ${rest} others`;
}
