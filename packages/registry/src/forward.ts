import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { ManifestMemory } from './manifest-memory.ts';
import { pump } from './pump.ts';
import type { Admission } from './push-quota.ts';
import { type RegistryCall, upstreamTarget } from './registry-call.ts';
import { diskFull, isFull, storageFault } from './storage-fault.ts';
import { readHeaders, requestHeaders, responseHeaders, unavailable } from './upstream.ts';
import type { UpstreamReads } from './upstream-reads.ts';

/** A call and its answer. `admission` is null where nothing of it is counted. */
export type Exchange = {
  req: IncomingMessage;
  res: ServerResponse;
  call: RegistryCall;
  admission: Admission | null;
};

const TIMEOUT_MS = 30 * 60 * 1000;
const MOST_TOLD = 10_000;
const MOST_BROKEN = 1000;

/**
 * Uploads that found no room. Clients try them again, from where they believe to be, and the registry behind would tell them about their
 * range: the newest of them are told the reason once more.
 */
export class BrokenUploads {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= MOST_BROKEN) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }
}

/** Answers a GET or HEAD with what the registry behind has. */
export async function read(
  front: { origin: URL; registryHost: string; reads: UpstreamReads; manifests: ManifestMemory },
  { req, res, call }: Omit<Exchange, 'admission'>,
): Promise<void> {
  const method = req.method ?? 'GET';
  const target = upstreamTarget(call);
  const headers = readHeaders(req.headers);
  if (call.kind === 'manifest') {
    // Of no meaning for a manifest, and another one for each client.
    const { 'user-agent': _, ...asked } = headers;
    const known = front.manifests.find(call, asked);
    const answer = known ?? (await front.reads.readWhole(method, target, asked));
    if (known === null && method === 'GET') front.manifests.remember(answer);
    res.writeHead(answer.status, responseHeaders(answer.headers, front.origin));
    res.end(answer.body);
    return;
  }
  const answer = await front.reads.read(method, target, headers);
  // Clients push to an address and name images by a host: the two may differ, as on one's own machine.
  if (call.kind === 'ping') res.setHeader('Brainpod-Registry-Host', front.registryHost);
  try {
    res.writeHead(answer.status, responseHeaders(answer.headers, front.origin));
  } catch (error) {
    answer.discard();
    throw error;
  }
  await answer.sendBody(res);
}

/** Streams a call to the registry behind and its answer back. An upload that becomes too large is ended there too. */
export async function forward(
  front: { origin: URL; broken: BrokenUploads },
  { req, res, call, admission }: Exchange,
): Promise<void> {
  const upload = call.kind === 'upload' ? call.id : null;
  // It can still be given up.
  if (upload !== null && req.method !== 'DELETE' && front.broken.has(upload))
    throw diskFull(new Error('the same upload once more'));
  const outgoing = request(new URL(upstreamTarget(call), front.origin), {
    method: req.method,
    headers: requestHeaders(req.headers, call),
    timeout: TIMEOUT_MS,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.on('response', resolve);
    outgoing.on('error', (cause) => reject(unavailable(cause)));
    outgoing.on('timeout', () => outgoing.destroy(new Error('The registry was silent for 30 minutes.')));
  });
  // The registry may answer before it has read the whole upload, so both directions run at the same time.
  const sent = pump(req, outgoing, admission?.receive);
  const refused = new Promise<never>((_, reject) => {
    sent.catch((error: Error) => {
      outgoing.destroy(error);
      if (admission?.refusal) reject(admission.refusal);
    });
  });
  // Whichever comes first: a request that is ended before it was connected tells nothing of it.
  const answer = await Promise.race([answered, refused]).catch(async (error: unknown) => {
    if (admission === null || admission.refusal === null) throw error;
    await admission.discard();
    throw admission.refusal;
  });
  admission?.end(answer.statusCode ?? 0);
  if ((answer.statusCode ?? 500) >= 500) {
    const text = await textOf(answer);
    if (upload !== null && isFull(text)) front.broken.add(upload);
    throw storageFault(text);
  }
  res.writeHead(answer.statusCode ?? 502, responseHeaders(answer.headers, front.origin));
  await pipeline(answer, res);
}

/** The beginning of an answer that tells of a fault. */
async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of answer) if (text.length < MOST_TOLD) text += part;
  return text;
}
