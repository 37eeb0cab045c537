import { registerEngineCommands } from './commands/engine.ts';
import { runCli } from './run-cli.ts';

const stop = new AbortController();
const GRACE_MS = 2000;
// The first Ctrl-C ends what is under way in order, the second, or some patience, ends the program.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stop.abort();
    setTimeout(() => process.exit(1), GRACE_MS).unref();
  });
}

// Whoever reads our output has seen enough: that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

const io = {
  environment: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
};
process.exitCode = await runCli(process.argv.slice(2), io, (program) => registerEngineCommands(program, io));
