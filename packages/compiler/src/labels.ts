import type { Kind } from '@brainpod/model/document';

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const POD_LABEL = 'brainpod.io/pod';
export const KIND_LABEL = 'brainpod.io/kind';
export const NAME_LABEL = 'brainpod.io/name';
/** On the namespaces of pods: the Gateway takes routes from them, and the admission policy binds them. */
export const MANAGED_LABEL = 'brainpod.io/managed';

/** On the namespaces of builds: another admission policy binds them. */
export const BUILDS_LABEL = 'brainpod.io/builds';
/** What belongs to a pod's builds has its name here, and not in POD_LABEL: no revision knows it. */
export const BUILDS_OF_LABEL = 'brainpod.io/builds-of';

/** On an instance's template: when its App was last to be restarted. */
export const RESTARTED_AT_ANNOTATION = 'brainpod.io/restarted-at';

export const PLATFORM_LABELS = { [MANAGED_BY_LABEL]: 'brainpod' };

/** Labels of what belongs to a pod as a whole. */
export function podLabels(podName: string): Record<string, string> {
  return { ...PLATFORM_LABELS, [POD_LABEL]: podName };
}

/** Labels of what is made of one resource. */
export function resourceLabels(podName: string, kind: Kind, name: string): Record<string, string> {
  return { ...podLabels(podName), ...resourceSelector(kind, name) };
}

/** The labels that tell a resource's objects from others of the namespace; never to be changed. */
export function resourceSelector(kind: Kind, name: string): Record<string, string> {
  return { [KIND_LABEL]: kind.toLowerCase(), [NAME_LABEL]: name };
}
