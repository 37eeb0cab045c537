import { registerEngineCommands } from './commands/engine.ts';
import { failureJson, failureText } from './failure.ts';
import { runCli } from './run-cli.ts';
import { useSystemProxies } from './settings/proxy.ts';
import { styleFor } from './text/style.ts';

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
const args = process.argv.slice(2);
try {
  useSystemProxies(process.env);
  process.exitCode = await runCli(args, io, (program) => registerEngineCommands(program, io));
} catch (error) {
  const style = styleFor(process.stderr, process.env);
  const situation = { command: '', pod: null, endpoint: null };
  const text = args.includes('--json') ? failureJson(error) : failureText(error, style, situation);
  process.stderr.write(`${text}\n`);
  process.exitCode = 1;
}
