import { canonicalJson } from '@brainpod/model/canonical-json';
import { sha256Hex } from '@brainpod/model/sha256';

const MAX_LABEL_CHARACTERS = 63;
const HASH_CHARACTERS = 10;

export const PULL_SECRET_NAME = 'brainpod-registry';
export const WILDCARD_SECRET_NAME = 'brainpod-wildcard';
export const ADMISSION_POLICY_NAME = 'brainpod-restricted';
export const BUILD_POLICY_NAME = 'brainpod-builds';
export const SERVICE_POLICY_NAME = 'brainpod-services';
export const APP_CONTAINER_NAME = 'app';
/** The one container that may run as root; the admission policy knows it by this name. */
export const INIT_CONTAINER_NAME = 'init';

/** The namespace of a pod. A name too long for `bp-` before it is cut and told apart by a hash. */
export function namespaceName(podName: string): string {
  return prefixed('bp-', podName);
}

/** The namespace in which a pod's images are built; no pod's own namespace can have its name. */
export function buildNamespaceName(podName: string): string {
  return prefixed('bpb-', podName);
}

function prefixed(prefix: string, podName: string): string {
  const plain = `${prefix}${podName}`;
  if (plain.length <= MAX_LABEL_CHARACTERS) return plain;
  const kept = plain.slice(0, MAX_LABEL_CHARACTERS - HASH_CHARACTERS - 1).replace(/-+$/, '');
  return `${kept}-${shortHash(podName)}`;
}

/** Made of the content, so that changed content is a new object and an old one never changes. */
export function configMapName(configName: string, data: Record<string, string>): string {
  return `${configName}-${shortHash(canonicalJson(data))}`;
}

/** Prefixed, because each namespace has a ServiceAccount `default` that isn't ours. */
export function serviceAccountName(appName: string): string {
  return `app-${appName}`;
}

/**
 * A Route's object for one port of an App, and for one part of its paths where there are many. Other host names make
 * another object: one that went from a host name to another would answer neither where the two sides are not yet ready.
 */
export function httpRouteName(
  routeName: string,
  hostnames: readonly string[],
  backend: { app: string; port: number; part: number },
): string {
  const { app, port, part } = backend;
  return `${routeName}-${shortHash(`${routeName}/${hostnames.join()}/${app}/${port}/${part}`)}`;
}

/** The listeners for a Route's own domains. */
export function listenerSetName(routeName: string): string {
  return routeName;
}

/** A domain may be longer than a name. */
export function domainSecretName(domain: string): string {
  return `domain-${shortHash(domain)}`;
}

/** What answers a certificate authority that asks a domain. */
export function challengeName(domain: string): string {
  return `challenge-${shortHash(domain)}`;
}

/** A volume's name is a DNS label, while a Config's name alone may fill one. */
export function configVolumeName(configName: string): string {
  return `config-${shortHash(configName)}`;
}

/** As configVolumeName. Disk and Config may share a name. */
export function diskVolumeName(diskName: string): string {
  return `disk-${shortHash(diskName)}`;
}

/** The claim under which a Disk is known in its namespace. */
export function diskClaimName(diskName: string): string {
  return `disk-${diskName}`;
}

const CONFIG_MAP_KEY = /^[-._a-zA-Z0-9]{1,253}$/;
const MAPPED_KEY = /^file-[0-9a-f]{10}$/;

/**
 * The key under which a ConfigMap holds a file. A name that Kubernetes doesn't allow as a key, or
 * that could be taken for a key made here, gets a key made of its hash.
 */
export function configMapKey(fileName: string): string {
  const usable = CONFIG_MAP_KEY.test(fileName) && !fileName.startsWith('..') && fileName !== '.';
  return usable && !MAPPED_KEY.test(fileName) ? fileName : `file-${shortHash(fileName)}`;
}

function shortHash(text: string): string {
  return sha256Hex(text).slice(0, HASH_CHARACTERS);
}
