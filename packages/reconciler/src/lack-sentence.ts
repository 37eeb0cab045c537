import type { KubeError } from '@brainpod/kube/kube-error';

/** What the operator has to do about the cluster; null where it is only away. */
export function lackSentence({ reason, status }: KubeError): string | null {
  if (reason === 'NoSuchKind') {
    return 'This cluster cannot serve Routes: the Gateway API is not installed. The operator has to install it.';
  }
  if (status !== 403) return null;
  return "Brainpod's own account may not do all that it has to in this cluster. The operator has to give it the permissions; the server's log names them.";
}
