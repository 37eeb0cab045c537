import path from 'node:path';
import { FULL_POLICY, type Policy, podUrn } from '@brainpod/model/policy';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import { platformActor } from '@brainpod/store/audit';
import { openStore, type Store } from '@brainpod/store/store';
import type { DatabaseAddress } from '@brainpod/testkit/postgres';
import { waitFor } from '@brainpod/testkit/wait-for';
import { ServerProcess, temporaryDataDir } from '../../packages/server/test/server-process.ts';

const ACTOR = platformActor('registry-clients');
const START_TIMEOUT_MS = 60_000;

type Key = { id: string; secret: string };

/** A whole server before a registry, with two accounts that have a pod each. There is no cluster: images need none. */
export type Place = {
  /** Where the registry is for who pushes and pulls: `127.0.0.1:<port>`. */
  host: string;
  server: ServerProcess;
  /** Behind the server, past everything that it checks. */
  registry: RunningDistribution;
  pod: string;
  othersPod: string;
  /** May do everything in `pod`, which is the only one of its account. */
  key: Key;
  /** May push to `pod` and not pull. */
  pushOnly: Key;
  revoke(key: Key): Promise<void>;
  close(): Promise<void>;
};

export async function openPlace(parts: {
  /** The program. */
  registry: string;
  database: DatabaseAddress;
  environment?: Record<string, string>;
}): Promise<Place> {
  const undo: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of undo.reverse()) await step();
  };
  try {
    const store = openStore({ connection: parts.database });
    undo.push(() => store.close());
    await store.migrate();
    const registry = await startDistribution(parts.registry);
    undo.push(() => registry.stop());
    const data = await temporaryDataDir();
    undo.push(data.remove);
    const server = await ServerProcess.start({
      database: parts.database,
      kubeconfig: path.join(data.dataDir, 'none'),
      domain: 'apps.example.test',
      gatewayClass: 'none',
      dataDir: data.dataDir,
      environment: {
        BRAINPOD_REGISTRY_UPSTREAM: registry.origin,
        BRAINPOD_REGISTRY_STORAGE: registry.storage,
        ...parts.environment,
      },
    });
    undo.push(() => server.end());
    const revoke = ({ id }: Key): Promise<void> => store.apiKeys.revoke(id, ACTOR);
    const made = await fill(store);
    return { host: new URL(server.origin).host, server, registry, ...made, revoke, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function fill(store: Store): Promise<Pick<Place, 'pod' | 'othersPod' | 'key' | 'pushOnly'>> {
  const [cluster] = await waitFor(
    async () => {
      const clusters = await store.clusters.list();
      return clusters.length > 0 && clusters;
    },
    { timeoutMs: START_TIMEOUT_MS, what: 'the server to have registered its cluster' },
  );
  if (cluster === undefined) throw new Error('there is no cluster');
  const makePod = async (email: string): Promise<{ pod: string; userId: string }> => {
    const { accountId, userId } = await store.accounts.create(email);
    const asked = { accountId, ownerId: userId, clusterId: cluster.id, displayName: null, actor: ACTOR };
    return { pod: (await store.pods.create(asked)).name, userId };
  };
  const own = await makePod('ada@example.com');
  const other = await makePod('grace@example.com');
  const makeKey = (name: string, policy: Policy): Promise<Key> =>
    store.apiKeys.create({ userId: own.userId, name, policy, actor: ACTOR });
  const resources = [podUrn(own.pod)];
  const statement = { sid: 'push', effect: 'allow' as const, actions: ['registry:push'], resources };
  return {
    pod: own.pod,
    othersPod: other.pod,
    key: await makeKey('laptop', FULL_POLICY),
    pushOnly: await makeKey('pipeline', { version: '1', statements: [statement] }),
  };
}
