import { execFileSync } from 'node:child_process';
import path from 'node:path';

/** The folder of the engine's programs: BRAINPOD_ENGINE_BIN, or what is built for it now. */
export function engineBinaries(): string {
  const given = process.env.BRAINPOD_ENGINE_BIN;
  if (given !== undefined) return given;
  const script = path.resolve(import.meta.dirname, '../tools/engine-build.ts');
  const printed = execFileSync(process.execPath, [script], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Printed by tools/engine-build.ts.
  const { binDir } = JSON.parse(printed) as { binDir: string };
  return binDir;
}
