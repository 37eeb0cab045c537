import { CliFailure } from '../failure.ts';

const TIMEOUT_MS = 30_000;

/**
 * The host under which the platform knows the images of a registry. It may differ from the address that one pushes to,
 * as on one's own machine; then the registry says so. Throws CliFailure where the registry does not let us in.
 */
export async function readRegistryHost(registryEndpoint: string, apiKey: string): Promise<string> {
  const authorization = `Basic ${Buffer.from(`api:${apiKey}`).toString('base64')}`;
  let answer: Response;
  try {
    answer = await fetch(new URL('/v2/', registryEndpoint), {
      headers: { authorization },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await answer.arrayBuffer();
  } catch (cause) {
    throw new CliFailure(`The registry at ${registryEndpoint} does not answer.`, { cause });
  }
  if (answer.status === 401)
    throw new CliFailure(`The registry at ${registryEndpoint} does not take your API key.`);
  if (!answer.ok) throw new CliFailure(`The registry at ${registryEndpoint} answered ${answer.status}.`);
  return answer.headers.get('brainpod-registry-host') ?? new URL(registryEndpoint).host;
}
