import type { Command } from 'commander';
import type { Io } from '../io.ts';
import { registerEngineDoctor } from './engine-doctor.ts';
import { registerEngineDown } from './engine-down.ts';
import { registerEngineLogs } from './engine-logs.ts';
import { registerEngineReset } from './engine-reset.ts';
import { registerEngineStatus } from './engine-status.ts';
import { registerEngineUp } from './engine-up.ts';

/** The commands that run Brainpod itself on this machine. They need no API and no key. */
export function registerEngineCommands(program: Command, io: Io): void {
  const engine = program
    .command('engine')
    .description('Brainpod itself on this machine: start, stop, look after')
    .helpCommand(false);
  registerEngineUp(engine, io);
  registerEngineDown(engine, io);
  registerEngineStatus(engine, io);
  registerEngineLogs(engine, io);
  registerEngineDoctor(engine, io);
  registerEngineReset(engine, io);
}
