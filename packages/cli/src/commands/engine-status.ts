import type { Command } from 'commander';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { sortedJson } from '../text/sorted-json.ts';
import { type Style, styleFor } from '../text/style.ts';
import { table } from '../text/table.ts';
import { locationsOf, type MachineStatus, readMachine } from './engine-machine.ts';

export function registerEngineStatus(engine: Command, io: Io): void {
  engine
    .command('status')
    .description('Show every part of Brainpod on this machine')
    .action(async (_options: unknown, command: Command) => {
      const machine = await readMachine(locationsOf(io));
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      if (machine.supervisor === null && json !== true) {
        throw new CliFailure('Brainpod does not run here. Start it: npx brainpod engine up');
      }
      const text =
        json === true
          ? sortedJson(machine)
          : statusText(machine, styleFor(io.stdout, io.environment), new Date());
      io.stdout.write(`${text}\n`);
    });
}

/** One row for each process and each part of the engine, then what is under way. */
export function statusText(machine: MachineStatus, style: Style, now: Date): string {
  const rows = rowsOf(machine).map((row) => [
    row.name,
    paint(style, row.state),
    row.since === '' ? '' : elapsedSince(row.since, now),
    String(row.restarts),
    row.pid === undefined ? '' : String(row.pid),
    row.message,
  ]);
  const stages = (machine.supervisor?.stages ?? []).filter(({ state }) => state === 'running');
  return [
    table(style, ['COMPONENT', 'STATE', 'SINCE', 'RESTARTS', 'PROCESS', 'MESSAGE'], rows, 'Nothing runs.'),
    ...stages.map((stage) => `\n${stage.title}: ${stage.detail ?? 'under way'}`),
  ].join('\n');
}

type Row = { name: string; state: string; since: string; restarts: number; pid?: number; message: string };

function rowsOf({ supervisor, components }: MachineStatus): Row[] {
  const processes = (supervisor?.processes ?? []).map(
    ({ name, state, since, restarts, pid, message }): Row => ({
      name,
      state,
      since,
      restarts,
      message: message ?? '',
      ...(pid === undefined ? {} : { pid }),
    }),
  );
  const parts = components.map(
    ({ name, state, since, restarts, pid, message, waitsFor }): Row => ({
      name: `  ${name}`,
      state,
      since: since ?? '',
      restarts,
      message: message ?? (waitsFor === undefined ? '' : `waits for ${waitsFor}`),
      ...(pid === undefined ? {} : { pid }),
    }),
  );
  return processes.flatMap((row) => (row.name === 'engine' ? [row, ...parts] : [row]));
}

/** How long ago, in the largest unit that fits: 12s, 5m, 3h, 2d. */
function elapsedSince(iso: string, now: Date): string {
  const elapsedSeconds = Math.max(0, Math.round((now.getTime() - Date.parse(iso)) / 1000));
  if (Number.isNaN(elapsedSeconds)) return '';
  if (elapsedSeconds < 120) return `${elapsedSeconds}s`;
  if (elapsedSeconds < 7200) return `${Math.round(elapsedSeconds / 60)}m`;
  return elapsedSeconds < 172_800
    ? `${Math.round(elapsedSeconds / 3600)}h`
    : `${Math.round(elapsedSeconds / 86_400)}d`;
}

function paint(style: Style, state: string): string {
  if (state === 'ready') return style.green(state);
  if (state === 'backoff' || state === 'failed') return style.red(state);
  return style.yellow(state);
}
