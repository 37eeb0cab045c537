import type { Readable, Writable } from 'node:stream';

/** The world around the program, so that tests can be that world. */
export type Io = {
  environment: Record<string, string | undefined>;
  stdin: Readable & { isTTY?: boolean | undefined };
  stdout: Writable & { isTTY?: boolean | undefined; columns?: number };
  stderr: Writable & { isTTY?: boolean | undefined; columns?: number };
  /** Ends what is under way: the person pressed Ctrl-C. */
  signal: AbortSignal;
};
