import { DOCKER_HUB } from '@brainpod/model/registry-host';
import type { PullKey, PullSecrets, RegistryCredential } from '@brainpod/reconciler/ports';
import { derivePullKey, pullToken } from '@brainpod/registry/pull-token';
import type { Logger } from 'pino';
import { REGISTRY_PASSWORDS, TextSealer } from './sealed-text.ts';

/** The name under which nodes and builds look for what opens Docker Hub; every other registry has its own. */
const DOCKER_HUB_NAME = 'https://index.docker.io/v1/';

/** What nodes pull a pod's images with: ours by a key of the machine's, those of other registries as its owners say. */
export class SealedPullSecrets implements PullSecrets {
  readonly #registryHost: string;
  readonly #masterKey: Buffer;
  readonly #passwords: TextSealer;
  readonly #logger: Logger;

  constructor(parts: { registryHost: string; masterKey: Buffer; logger: Logger }) {
    this.#registryHost = parts.registryHost;
    this.#masterKey = parts.masterKey;
    this.#passwords = new TextSealer(parts.masterKey, REGISTRY_PASSWORDS);
    this.#logger = parts.logger;
  }

  sealPassword(podId: string, registry: string, password: string): Buffer {
    return this.#passwords.seal(ownerOf(podId, registry), password);
  }

  dockerConfigJson(
    pod: { id: string; name: string },
    { pullKey, credentials }: { pullKey: PullKey; credentials: readonly RegistryCredential[] },
  ): string {
    const key = derivePullKey(this.#masterKey, pullKey.salt);
    const own = [this.#registryHost, authOf('pull', pullToken(key, pod.name))] as const;
    const others = this.open(pod, credentials).map(
      ({ registry, username, password }) => [registry, authOf(username, password)] as const,
    );
    // Ours comes last: nobody's credentials take its place, whatever a server was called before.
    return JSON.stringify({ auths: Object.fromEntries([...others, own]) });
  }

  /** What a pod holds, by the names under which Docker's settings have registries; without what cannot be opened. */
  open(
    pod: { id: string; name: string },
    credentials: readonly RegistryCredential[],
  ): { registry: string; username: string; password: string }[] {
    return credentials.flatMap((credential) => {
      const password = this.#open(pod, credential);
      const { registry, username } = credential;
      const name = registry === DOCKER_HUB ? DOCKER_HUB_NAME : registry;
      return password === null ? [] : [{ registry: name, username, password }];
    });
  }

  /** Null when it cannot be opened: what it would fetch is refused, and that says what to do. */
  #open(pod: { id: string; name: string }, credential: RegistryCredential): string | null {
    const { registry, passwordSealed } = credential;
    try {
      return this.#passwords.open(ownerOf(pod.id, registry), passwordSealed);
    } catch (error) {
      this.#logger.error(
        { err: error, pod: pod.name, registry },
        'the password of a registry cannot be opened: it was sealed under another master key',
      );
      return null;
    }
  }
}

function ownerOf(podId: string, registry: string): string {
  return `${podId}/${registry}`;
}

function authOf(user: string, password: string): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString('base64') };
}
