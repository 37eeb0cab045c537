import { runProgram } from './run-program.ts';

/** A folder as a layer: the same files give the same bytes. */
export async function writeTar(root: string, tarFile: string, epochSeconds: number): Promise<void> {
  await runProgram('tar', [
    '--create',
    `--file=${tarFile}`,
    `--directory=${root}`,
    '--sort=name',
    `--mtime=@${epochSeconds}`,
    '--numeric-owner',
    '--format=posix',
    '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
    '.',
  ]);
}
