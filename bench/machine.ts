import os from 'node:os';

// Before anything is measured: what else the machine is busy with makes all figures worse.
const LOAD_BEFORE = os.loadavg()[0] ?? 0;

/** The line under a result's title: when, and on what; names neither a host nor a folder. */
export function measuredOn(command: string): string {
  const date = new Date().toISOString().slice(0, 10);
  const memoryGiB = Math.round(os.totalmem() / 2 ** 30);
  return `${date}, ${os.cpus().length} cores (${os.cpus()[0]?.model.trim()}), ${memoryGiB} GiB, Linux ${os.release()}; load ${LOAD_BEFORE.toFixed(1)} before. By \`${command}\`.`;
}
