import { OciError } from './oci-error.ts';

// ENOSPC and EDQUOT, as the registry behind tells them.
const FULL = /no space left on device|disk quota exceeded|"Err":(28|122)\b/;

/**
 * What is answered where the registry behind failed with this text, which names paths of the disk and is for nobody
 * else.
 */
export function storageFault(text: string): OciError {
  if (isFull(text)) return diskFull(new Error(text));
  const error = new OciError('UNAVAILABLE', 'The registry could not do this. Try again shortly.');
  error.cause = new Error(text);
  return error;
}

/** Whether it tells of a disk without room. */
export function isFull(text: string): boolean {
  return FULL.test(text);
}

/** The answer to every push where there is no room for it. */
export function diskFull(cause: unknown): OciError {
  const error = new OciError(
    'UNAVAILABLE',
    'The disk of the registry is full, so nothing can be pushed. Images can still be pulled. Delete images that are not needed ' +
      '(brainpod image cleanup), or ask the operator for more disk, then push again.',
  );
  error.cause = cause;
  return error;
}
