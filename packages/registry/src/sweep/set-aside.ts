import { linkSync, renameSync, statSync, unlinkSync } from 'node:fs';
import { hasCode, isAbsent } from '../file-faults.ts';
import type { SeenFile } from './sweep-plan.ts';

/** What a file is called from when a sweep has taken it from the registry until it is gone, or was put back. */
export const SET_ASIDE = '.swept';

/**
 * Removes a file unless somebody has touched it since it was seen; tells whether it is gone. It is set aside first, and looked at
 * then: whoever touches it after that finds nothing, and acts accordingly. Without waiting in between, so that a file that
 * is put back was away for some microseconds.
 */
export function removeIfUntouched(file: SeenFile): boolean {
  // Mostly this tells it already, and then nothing is moved.
  if (markOf(file.path) !== file.mark) return false;
  const aside = `${file.path}${SET_ASIDE}`;
  try {
    renameSync(file.path, aside);
    if (markOf(aside) === file.mark) {
      unlinkSync(aside);
      return true;
    }
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  putBack(file.path);
  return false;
}

/** Gives the registry what was set aside, by this sweep or by one that was killed. */
export function putBack(path: string): void {
  const aside = `${path}${SET_ASIDE}`;
  try {
    // Never over what was pushed meanwhile.
    linkSync(aside, path);
  } catch (error) {
    if (isAbsent(error)) return;
    if (!hasCode(error, ['EEXIST'])) throw error;
  }
  unlinkSync(aside);
}

function markOf(path: string): string | null {
  const now = statSync(path, { bigint: true, throwIfNoEntry: false });
  return now === undefined ? null : `${now.ino}:${now.mtimeNs}`;
}
