import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';

/**
 * Reads a secret without showing it: all of standard input but the end of its last line, or what a person types. Never
 * from the arguments, which everybody on a machine can read.
 */
export async function readSecret(io: Io, question: string): Promise<string> {
  const secret = io.stdin.isTTY === true ? await ask(io, question) : await text(io.stdin);
  const trimmed = secret.replace(/\r?\n$/, '');
  if (trimmed === '') throw new CliFailure('There is no password: nothing was typed or piped in.');
  return trimmed;
}

async function ask(io: Io, question: string): Promise<string> {
  // As a terminal readline itself shows what is typed, and on a stream that keeps nothing it shows nothing.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: io.stdin, output: nowhere, terminal: true });
  const givenUp = new AbortController();
  terminal.once('SIGINT', () => givenUp.abort());
  terminal.once('close', () => givenUp.abort());
  io.stderr.write(question);
  try {
    return await terminal.question('', { signal: AbortSignal.any([io.signal, givenUp.signal]) });
  } catch (cause) {
    throw new CliFailure('Given up: nothing was changed.', { cause });
  } finally {
    terminal.close();
    io.stderr.write('\n');
  }
}
