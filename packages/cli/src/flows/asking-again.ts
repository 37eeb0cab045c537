import { ApiFailure, ConnectionFailure } from '@brainpod/api-client/failure';

/** Between two questions about the same thing. */
export const PAUSE_MS = 1000;

/** The server is away for a moment: the question may be asked again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionFailure) return true;
  return error instanceof ApiFailure && ['SERVICE_UNAVAILABLE', 'RATE_LIMITED'].includes(error.code);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Rejects as soon as `signal` is raised. */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new Error('stopped'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, PAUSE_MS);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
