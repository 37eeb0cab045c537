/** Whether there is no such file, or no such folder on the way to it. */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, ['ENOENT', 'ENOTDIR']);
}

/** Whether the disk, or what somebody may have of it, is used up. */
export function isDiskFull(error: unknown): boolean {
  return hasCode(error, ['ENOSPC', 'EDQUOT']);
}

export function nullIfAbsent(error: unknown): null {
  if (isAbsent(error)) return null;
  throw error;
}

export function noneIfAbsent(error: unknown): [] {
  if (isAbsent(error)) return [];
  throw error;
}

/** Whether a folder cannot be removed because something is in it. */
export function isNotEmpty(error: unknown): boolean {
  return hasCode(error, ['ENOTEMPTY', 'EEXIST']);
}

export function hasCode(error: unknown, codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
