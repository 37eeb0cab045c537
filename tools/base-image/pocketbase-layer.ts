import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runGo } from '../go-programs.ts';
import { writeTar } from './layer-tar.ts';

/** As its go.mod pins it. */
export const POCKETBASE_VERSION = '0.36.7';

/** The program that its releases are, too. */
const PROGRAM = 'github.com/pocketbase/pocketbase/examples/base';
const VERSION_VARIABLE = 'github.com/pocketbase/pocketbase.Version';
/** Who writes there where no disk is mounted. */
const USER = 1000;

/** Writes a tar with PocketBase in /usr/local/bin and its folders below `/`, built by the host's go. Needs root. */
export async function writePocketbaseTar(
  tarFile: string,
  { epochSeconds, report }: { epochSeconds: number; report: (step: string) => void },
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'brainpod-pocketbase-'));
  try {
    await chmod(root, 0o755);
    const programs = join(root, 'usr/local/bin');
    await mkdir(programs, { recursive: true });
    report(`building PocketBase ${POCKETBASE_VERSION}`);
    const linker = `-s -w -X ${VERSION_VARIABLE}=${POCKETBASE_VERSION}`;
    const flags = ['-trimpath', '-buildvcs=false', '-ldflags', linker];
    const moduleDir = join(import.meta.dirname, 'pocketbase');
    await runGo(moduleDir, ['build', ...flags, '-o', join(programs, 'pocketbase'), PROGRAM], report);
    for (const folder of ['pb_data', 'pb_hooks', 'pb_public']) {
      await mkdir(join(root, folder));
      await chown(join(root, folder), USER, USER);
    }
    await writeTar(root, tarFile, epochSeconds);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
