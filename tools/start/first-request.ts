import { request } from 'node:https';
import { pause } from '@brainpod/supervisor/wait';

type Target = { url: string; address: string; authorityPem: string; timeoutMs: number };

/**
 * Asks the app's page through the edge, its certificate checked against the authority, until it answers with
 * anything but an error of the server's side. Returns the status. Throws with the last reason.
 */
export async function waitForFirstAnswer(target: Target, detail: (text: string) => void): Promise<number> {
  const deadline = performance.now() + target.timeoutMs;
  for (;;) {
    const outcome = await ask(target).catch((error: unknown) =>
      error instanceof Error ? error : new Error(String(error)),
    );
    if (typeof outcome === 'number' && outcome < 500) return outcome;
    const reason = typeof outcome === 'number' ? `it answers ${outcome}` : outcome.message;
    if (performance.now() > deadline)
      throw new Error(`${target.url} does not answer as it should: ${reason}`);
    detail(reason);
    await pause(100);
  }
}

function ask({ url, address, authorityPem }: Target): Promise<number> {
  const { hostname, port, pathname } = new URL(url);
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: address,
        port: port === '' ? 443 : Number(port),
        path: pathname,
        servername: hostname,
        ca: authorityPem,
        headers: { host: port === '' ? hostname : `${hostname}:${port}` },
        agent: false,
        timeout: 5000,
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', reject);
      },
    );
    call.once('timeout', () => call.destroy(new Error('no answer within 5 s')));
    call.once('error', reject);
    call.end();
  });
}
