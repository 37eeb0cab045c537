import { isRecord } from '@brainpod/model/fault';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Permission } from './html.ts';

/** Who gave a key on the page, and with which request. */
export type KeyHolder = { key: string; request: FastifyRequest };
type Outcome<T> = { ok: true; value: T } | { ok: false; status: number; faults: string[] };

export type KeyMaker = {
  /** Whose key it is and what it may do. */
  holderOf: (caller: KeyHolder) => Promise<Outcome<{ email: string | null; permissions: Permission[] }>>;
  /** Makes a key that may do as much; gives its secret. */
  make: (caller: KeyHolder, wanted: { name: string; days: number }) => Promise<Outcome<string>>;
};

const DAY_MS = 86_400_000;

/**
 * Asks the API of this very server, so that its rules are the page's: who a key belongs to, how often keys may be
 * tried, what may be passed on, the audit log.
 */
export function keyMakerOf(server: FastifyInstance): KeyMaker {
  const call = async (
    { key, request }: KeyHolder,
    method: 'GET' | 'POST',
    url: string,
    payload?: object,
  ): Promise<Outcome<Record<string, unknown>> & { paths: string[] }> => {
    const answer = await server.inject({
      method,
      url,
      remoteAddress: request.ip,
      headers: { authorization: `Bearer ${key}`, 'x-request-id': request.id },
      ...(payload === undefined ? {} : { payload }),
    });
    const body: unknown = answer.json();
    if (!isRecord(body)) throw new Error(`${method} ${url} answered with no object`);
    if (answer.statusCode < 400) return { ok: true, value: body, paths: [] };
    return { ok: false, status: answer.statusCode, ...faultsIn(body.error) };
  };
  return {
    holderOf: async (caller) => {
      if (!/^\S+$/.test(caller.key)) return noKey();
      const me = await call(caller, 'GET', '/v1/me');
      if (!me.ok) return me;
      const { email, permissions } = me.value;
      // The API's own schema describes the permissions.
      const listed = permissions as Permission[];
      if (!mayMakeKeys(listed)) return mayNot();
      return { ok: true, value: { email: typeof email === 'string' ? email : null, permissions: listed } };
    },
    make: async (caller, { name, days }) => {
      if (!/^\S+$/.test(caller.key)) return noKey();
      const me = await call(caller, 'GET', '/v1/me');
      if (!me.ok) return me;
      const wanted = { name, policy: me.value.policy };
      const expiresAt = new Date(Date.now() + days * DAY_MS).toISOString();
      const limited = await call(caller, 'POST', '/v1/keys', { ...wanted, expiresAt });
      // A key that ends sooner than that makes one that ends with it.
      const endsSooner = !limited.ok && limited.paths.join() === 'expiresAt';
      const made = endsSooner ? await call(caller, 'POST', '/v1/keys', wanted) : limited;
      return made.ok ? { ok: true, value: String(made.value.secret) } : made;
    },
  };
}

function mayMakeKeys(permissions: readonly Permission[]): boolean {
  const found = permissions.find(({ action }) => action === 'keys:write');
  return found?.resources.includes('urn:brain:pod:*') === true && found.excludedResources.length === 0;
}

function mayNot(): Outcome<never> {
  const fault =
    'This API key may not make other keys: it does not allow keys:write on every pod. Use one that does, or give the key itself to the command line with "brainpod config set api-token".';
  return { ok: false, status: 403, faults: [fault] };
}

function noKey(): Outcome<never> {
  return { ok: false, status: 400, faults: ['Enter an API key. It begins with brain_ and holds no spaces.'] };
}

/** The sentences of an error of the API, and the paths of its details. */
function faultsIn(error: unknown): { faults: string[]; paths: string[] } {
  const message = isRecord(error) ? String(error.message) : 'Something went wrong here. Try again.';
  const details = isRecord(error) && Array.isArray(error.details) ? error.details.filter(isRecord) : [];
  return {
    faults: [message, ...details.map((detail) => String(detail.message))],
    paths: details.map(({ path }) => String(path)),
  };
}
