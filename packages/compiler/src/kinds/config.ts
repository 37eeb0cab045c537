import type { ConfigDocument } from '@brainpod/model/kinds/config';
import type { KubeObject } from '../kube-object.ts';
import { resourceLabels } from '../labels.ts';
import { configMapKey, configMapName, namespaceName } from '../names.ts';
import { compareText } from '../pod-view.ts';

/**
 * An immutable ConfigMap whose name is made of its content: a change makes a new one beside it, so
 * instances of the version before keep the files they started with.
 */
export function compileConfig(config: ConfigDocument, podName: string): KubeObject {
  const data = configMapData(config);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: configMapName(config.metadata.name, data),
      namespace: namespaceName(podName),
      labels: resourceLabels(podName, 'Config', config.metadata.name),
    },
    immutable: true,
    // The API gives an empty map back as none.
    ...(Object.keys(data).length === 0 ? {} : { data }),
  };
}

/** The name of the ConfigMap that holds a Config's present content. */
export function configMapNameOf(config: ConfigDocument): string {
  return configMapName(config.metadata.name, configMapData(config));
}

function configMapData(config: ConfigDocument): Record<string, string> {
  const files = Object.entries(config.spec.files).sort(([a], [b]) => compareText(a, b));
  return Object.fromEntries(files.map(([name, text]) => [configMapKey(name), text]));
}
