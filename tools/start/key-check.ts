import { BrainpodClient } from '@brainpod/api-client/client';
import { ApiFailure } from '@brainpod/api-client/failure';
import { pause } from '@brainpod/supervisor/wait';

const DATABASE_TIMEOUT_MS = 60_000;

/** Whether the API knows this key. Waits while it has no database yet. */
export async function isKeyAccepted(endpoint: string, key: string): Promise<boolean> {
  const client = new BrainpodClient({ endpoint, token: key });
  const deadline = performance.now() + DATABASE_TIMEOUT_MS;
  for (;;) {
    try {
      await client.currentUser();
      return true;
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      if (error.code === 'UNAUTHORIZED') return false;
      if (error.code !== 'SERVICE_UNAVAILABLE' || performance.now() > deadline) throw error;
      await pause(200);
    }
  }
}
