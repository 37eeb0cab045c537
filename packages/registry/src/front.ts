import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Credentials, challengeOf, isTokenCall, readCredentials, sendToken } from './credentials.ts';
import { BrokenUploads, forward, read } from './forward.ts';
import { ManifestMemory } from './manifest-memory.ts';
import { listReferrers, listTags, putManifest } from './manifests.ts';
import { OciError, sendOciError } from './oci-error.ts';
import { PodUsage } from './pod-usage.ts';
import { PushGuard } from './push-guard.ts';
import { PushQuota } from './push-quota.ts';
import { parseRegistryCall, podOf, type RegistryCall, upstreamTarget } from './registry-call.ts';
import { SharedAnswers } from './shared-answers.ts';
import { StorageLayout } from './storage-layout.ts';
import { askUpstream, unavailable } from './upstream.ts';
import { UpstreamReads } from './upstream-reads.ts';

export type RegistryAction = 'registry:push' | 'registry:pull';

export type RegistryLogger = {
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
};

export type RegistryFrontOptions<Principal> = {
  /** Origin of the registry behind, such as `http://127.0.0.1:4650`. It must be reachable by us only. */
  upstream: string;
  /** The host name under which people know the registry: the realm of the challenge. */
  registryHost: string;
  /**
   * The owner of an API key, or null where the key is unknown, revoked or expired. `pod` is the one that will be asked
   * about; null where none is.
   */
  authenticate(secret: string, pod: string | null): Promise<Principal | null>;
  isAllowed(principal: Principal, action: RegistryAction, pod: string): boolean | Promise<boolean>;
  verifyPullToken(pod: string, token: string): boolean | Promise<boolean>;
  /** The folder of the registry's storage, where it is on this machine: a sweep is told there what is being pushed. */
  storage?: string;
  /** How many bytes the images of a pod may take; null for any. Counted is only what lies in `storage`. */
  imageBytesLimit?(pod: string): Promise<number | null>;
  logger: RegistryLogger;
};

const TIMEOUT_MS = 30 * 60 * 1000;
const WRONG_KEY = 'The API key is unknown, revoked or expired.';
const SMALL_BODY_BYTES = 64 * 1024;

const METHODS: Record<RegistryCall['kind'], readonly string[]> = {
  ping: ['GET', 'HEAD'],
  'upload-start': ['POST'],
  upload: ['GET', 'HEAD', 'PATCH', 'PUT', 'DELETE'],
  blob: ['GET', 'HEAD', 'DELETE'],
  manifest: ['GET', 'HEAD', 'PUT', 'DELETE'],
  tags: ['GET', 'HEAD'],
  referrers: ['GET', 'HEAD'],
};

/**
 * The registry as the world sees it: checks who asks and for which pod, then streams to the real registry behind,
 * which has no authentication of its own and listens on loopback. Handles every request below `/v2`.
 *
 * Who asks: Basic with an API key as password (the user name does not matter), or user `pull` with a pod's pull
 * token; or a token of the same, for clients that want one. Refusals have the OCI error shape. The HTTP server must allow requests of 30 minutes.
 */
export function createRegistryFront<Principal>(
  options: RegistryFrontOptions<Principal>,
): (req: IncomingMessage, res: ServerResponse) => void {
  const upstream = new URL(options.upstream);
  const layout = options.storage === undefined ? null : new StorageLayout(options.storage);
  const limitOf = options.imageBytesLimit;
  const front: Front<Principal> = {
    ...options,
    origin: upstream,
    broken: new BrokenUploads(),
    guard: new PushGuard(layout),
    reads: new UpstreamReads(upstream),
    manifests: new ManifestMemory(layout),
    callers: new SharedAnswers(),
    quota:
      layout === null || limitOf === undefined
        ? null
        : new PushQuota(new PodUsage(layout), (pod) => limitOf(pod)),
  };
  return (req, res) => {
    handle(front, req, res).catch((error: unknown) => refuse(front, req, res, error));
  };
}

type Front<Principal> = RegistryFrontOptions<Principal> & {
  origin: URL;
  broken: BrokenUploads;
  guard: PushGuard;
  reads: UpstreamReads;
  manifests: ManifestMemory;
  callers: SharedAnswers<Principal | null>;
  /** Null where nothing is counted. */
  quota: PushQuota | null;
};

async function handle<Principal>(
  front: Front<Principal>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const method = req.method ?? 'GET';
  const credentials = readCredentials(req.headers.authorization);
  if (credentials === null)
    throw new OciError('UNAUTHORIZED', 'Log in with user "api" and an API key as password.');
  if (isTokenCall(req)) return await giveToken(front, res, credentials);
  const asked = parseRegistryCall(req.url ?? '/');
  if (!METHODS[asked.kind].includes(method)) {
    throw new OciError('UNSUPPORTED', `${method} is not possible here.`);
  }
  const call = await authorize(front, asked, method, credentials);
  req.socket.setTimeout(TIMEOUT_MS);
  const admission = (await front.quota?.admit(call, method, lengthOf(req))) ?? null;
  if (call.kind === 'manifest' && method === 'PUT') {
    await putManifest(front, req, res, call);
    return admission?.end(res.statusCode);
  }
  if (call.kind === 'referrers') return await listReferrers(front.origin, res, call);
  if (call.kind === 'tags') return await listTags(front.origin, res, call);
  // Whoever pushes asks for what it will rely on.
  if (call.kind === 'blob' && method === 'HEAD') await front.guard.touch([call.repository], [call.digest]);
  if (method === 'GET' || method === 'HEAD') return await read(front, { req, res, call });
  const pushed = blobPushedBy(call, method);
  if (pushed === null) return await forward(front, { req, res, call, admission });
  await front.guard.during(pushed.repositories, [pushed.digest], async () => {
    if (call.kind === 'upload-start' && call.mount !== null && call.from === null) {
      if (await answerPresentBlob(front, res, call.repository, call.mount)) return;
    }
    await forward(front, { req, res, call, admission });
  });
}

/** The blob that will be there when the call is answered. */
function blobPushedBy(call: RegistryCall, method: string): { repositories: string[]; digest: string } | null {
  if (call.kind === 'upload' && method === 'PUT' && call.digest !== null) {
    return { repositories: [call.repository], digest: call.digest };
  }
  if (call.kind !== 'upload-start') return null;
  const digest = call.mount ?? call.digest;
  const repositories = [call.repository, ...(call.from === null ? [] : [call.from])];
  return digest === null ? null : { repositories, digest };
}

function authenticate<Principal>(
  { callers, authenticate: ask }: Front<Principal>,
  { password }: Credentials,
  pod: string | null,
): Promise<Principal | null> {
  return callers.ask(JSON.stringify([password, pod]), () => ask(password, pod));
}

async function giveToken<Principal>(
  front: Front<Principal>,
  res: ServerResponse,
  credentials: Credentials,
): Promise<void> {
  // Which pod a pull token is for, only the call says that brings it.
  if (credentials.user !== 'pull' && (await authenticate(front, credentials, null)) === null) {
    throw new OciError('UNAUTHORIZED', WRONG_KEY);
  }
  sendToken(res, credentials);
}

/** Gives what the caller may do of what it asks for: all of it, or an upload where a blob is not to be lent. */
async function authorize<Principal>(
  front: Front<Principal>,
  call: RegistryCall,
  method: string,
  credentials: Credentials,
): Promise<RegistryCall> {
  if (call.kind !== 'ping' && credentials.user === 'pull') {
    const readsOnly = method === 'GET' || method === 'HEAD';
    if (await front.verifyPullToken(podOf(call.repository), credentials.password)) {
      if (readsOnly) return call;
      throw new OciError('DENIED', 'A pull token only reads.');
    }
  }
  const asked = call.kind === 'ping' ? null : podOf(call.repository);
  const principal = await authenticate(front, credentials, asked);
  if (principal === null) throw new OciError('UNAUTHORIZED', WRONG_KEY);
  if (call.kind === 'ping') return call;
  const pod = podOf(call.repository);
  const action = actionOf(call, method);
  const isAllowed =
    (await front.isAllowed(principal, action, pod)) ||
    // Whether something is there already belongs to pushing it as well.
    (method === 'HEAD' && (await front.isAllowed(principal, 'registry:push', pod)));
  if (!isAllowed) throw denied(call, method, action, pod);
  if (call.kind !== 'upload-start' || call.from === null) return call;
  if (await front.isAllowed(principal, 'registry:pull', podOf(call.from))) return call;
  // Builders name where they pushed a blob before; that pod may be gone, or another's. The blob is then uploaded.
  return { ...call, mount: null, from: null };
}

/**
 * Who pushes asks for each blob first, and gives up without words where that is refused, since an answer to HEAD has no body.
 * Told that it is not there, it begins the upload, and reads why it may not.
 */
function denied(call: RegistryCall, method: string, action: RegistryAction, pod: string): OciError {
  const message = `This API key has no ${action} on pod "${pod}", or there is no such pod.`;
  return new OciError(call.kind === 'blob' && method === 'HEAD' ? 'NAME_UNKNOWN' : 'DENIED', message);
}

function actionOf(call: RegistryCall, method: string): RegistryAction {
  const isReading = method === 'GET' || method === 'HEAD';
  // An upload's progress is part of pushing it.
  return isReading && call.kind !== 'upload' ? 'registry:pull' : 'registry:push';
}

/** A mount without a source asks whether the blob is there already: then the upload is spared. */
async function answerPresentBlob<Principal>(
  front: Front<Principal>,
  res: ServerResponse,
  repository: string,
  digest: string,
): Promise<boolean> {
  const path = upstreamTarget({ kind: 'blob', repository, digest });
  const { status } = await askUpstream(front.origin, path, { method: 'HEAD' });
  if (status !== 200) return false;
  res.writeHead(201, {
    'Docker-Distribution-Api-Version': 'registry/2.0',
    'Docker-Content-Digest': digest,
    'Content-Length': 0,
    Location: path,
  });
  res.end();
  return true;
}

function refuse<Principal>(
  front: Front<Principal>,
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
): void {
  const path = (req.url ?? '').split('?')[0];
  if (res.headersSent || res.destroyed) {
    // The client went away, or the registry did in mid-answer; a cut connection is the only honest answer left.
    front.logger.warn({ method: req.method, path, error: messageOf(error) }, 'registry transfer was cut off');
    res.destroy();
    return;
  }
  const known = error instanceof OciError ? error : unavailable(error);
  if (known.code === 'UNAVAILABLE') {
    front.logger.error(
      { method: req.method, path, error: messageOf(known.cause ?? error) },
      'registry call failed',
    );
  }
  const mayBeLarge = (lengthOf(req) ?? Number.POSITIVE_INFINITY) > SMALL_BODY_BYTES;
  sendOciError(res, known, {
    challenge: challengeOf(req, front.registryHost),
    closeConnection: mayBeLarge,
  });
}

/** Of its body; null where it may be any. */
function lengthOf(req: IncomingMessage): number | null {
  if (req.headers['transfer-encoding'] !== undefined) return null;
  return Number(req.headers['content-length'] ?? 0);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
