import type { KubeObject } from '@brainpod/compiler/kube-object';
import { childOf, isRecord } from '@brainpod/model/fault';

/** The Kubernetes pod that a Deployment would make, for an API server to judge. */
export function instanceOf(deployment: KubeObject): KubeObject & { spec: Record<string, unknown> } {
  const template = childOf(deployment.spec, 'template');
  const spec = childOf(template, 'spec');
  if (!isRecord(spec)) throw new Error(`${deployment.kind} ${deployment.metadata.name} has no template`);
  const { namespace, labels } = deployment.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${deployment.metadata.name.slice(0, 50)}-judged`,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
    },
    spec: structuredClone(spec),
  };
}
