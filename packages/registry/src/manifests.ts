import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { referencesOf } from './manifest-references.ts';
import { OciError } from './oci-error.ts';
import type { PushGuard } from './push-guard.ts';
import { ofArtifactType, readReferrers, referrerTag, subjectOf, withoutOwnTags } from './referrers.ts';
import { type RegistryCall, upstreamTarget } from './registry-call.ts';
import { storageFault } from './storage-fault.ts';
import { askUpstream, responseHeaders, type UpstreamAnswer } from './upstream.ts';

// As much as the registry behind takes.
const MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * What a manifest is about is noted before the manifest gets the name its owner gives it: broken off in between, the push
 * failed, and is repeated.
 */
export async function putManifest(
  { origin, guard }: { origin: URL; guard: PushGuard },
  req: IncomingMessage,
  res: ServerResponse,
  call: RegistryCall & { kind: 'manifest' },
): Promise<void> {
  const body = await readManifest(req);
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  await guard.during([call.repository], [digest, ...(referencesOf(body) ?? [])], async () => {
    const contentType = req.headers['content-type'] ?? '';
    const put = async (as: RegistryCall) => {
      const headers = { 'content-type': contentType };
      const answer = await askUpstream(origin, upstreamTarget(as), { method: 'PUT', headers, body });
      if (answer.status >= 500) throw storageFault(answer.body.toString());
      return answer;
    };
    const subject = subjectOf(body);
    if (subject !== null) {
      const answer = await put({ ...call, reference: referrerTag(subject, digest), digest: null });
      if (answer.status !== 201) return send(origin, res, answer);
    }
    const answer = await put(call);
    if (subject !== null && answer.status === 201) res.setHeader('OCI-Subject', subject);
    send(origin, res, answer);
  });
}

async function readManifest(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > MANIFEST_BYTES)
      throw new OciError('SIZE_INVALID', `A manifest has at most ${MANIFEST_BYTES} bytes.`);
    chunks.push(part);
  }
  return Buffer.concat(chunks);
}

/** The list that the registry behind does not keep; empty, never 404, where nothing refers to a manifest. */
export async function listReferrers(
  origin: URL,
  res: ServerResponse,
  call: RegistryCall & { kind: 'referrers' },
): Promise<void> {
  const { index, next } = await readReferrers(origin, call);
  const body = call.artifactType === null ? index : ofArtifactType(index, call.artifactType);
  if (call.artifactType !== null) res.setHeader('OCI-Filters-Applied', 'artifactType');
  if (next !== null) res.setHeader('Link', `<${upstreamTarget({ ...call, last: next })}>; rel="next"`);
  const headers = { 'content-type': 'application/vnd.oci.image.index.v1+json' };
  send(origin, res, { status: 200, headers, body });
}

export async function listTags(
  origin: URL,
  res: ServerResponse,
  call: RegistryCall & { kind: 'tags' },
): Promise<void> {
  const answer = await askUpstream(origin, upstreamTarget(call));
  const isList = answer.status === 200;
  send(origin, res, isList ? { ...answer, body: withoutOwnTags(answer.body) } : answer);
}

function send(origin: URL, res: ServerResponse, answer: UpstreamAnswer): void {
  const { 'content-length': _, ...headers } = answer.headers;
  res.writeHead(answer.status, {
    ...responseHeaders(headers, origin),
    'content-length': answer.body.length,
  });
  res.end(answer.body);
}
