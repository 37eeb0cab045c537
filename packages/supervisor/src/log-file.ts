import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

const MAX_BYTES = 10 * 1024 * 1024;
const KEPT = 3;

type LogLimits = { maxBytes: number; kept: number };

/**
 * A log file that is moved aside at a size: `name.log`, then `name.log.1` (newest) to `.3`. Writes are
 * synchronous, so that what a process said last is there even when the writer is killed right after.
 */
export class LogFile {
  readonly file: string;
  readonly #limits: LogLimits;
  #descriptor: number | null = null;
  #size = 0;

  constructor(file: string, limits: LogLimits = { maxBytes: MAX_BYTES, kept: KEPT }) {
    this.file = file;
    this.#limits = limits;
  }

  write(chunk: string | Uint8Array): void {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (this.#descriptor !== null && this.#size > 0 && this.#size + bytes.length > this.#limits.maxBytes)
      this.#rotate();
    const descriptor = this.#descriptor ?? this.#open();
    writeSync(descriptor, bytes);
    this.#size += bytes.length;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #open(): number {
    mkdirSync(path.dirname(this.file), { recursive: true, mode: 0o755 });
    this.#descriptor = openSync(this.file, 'a', 0o640);
    this.#size = fstatSync(this.#descriptor).size;
    return this.#descriptor;
  }

  #rotate(): void {
    this.close();
    rmSync(`${this.file}.${this.#limits.kept}`, { force: true });
    for (let number = this.#limits.kept - 1; number >= 0; number -= 1) {
      const from = number === 0 ? this.file : `${this.file}.${number}`;
      renameIfThere(from, `${this.file}.${number + 1}`);
    }
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}
