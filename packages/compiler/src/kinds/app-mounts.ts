import { type AppDocument, type AppFileMount, isFileMount } from '@brainpod/model/kinds/app';
import type * as k8s from '@kubernetes/client-node';
import { configMapKey, configVolumeName } from '../names.ts';
import { compareText, configOf, type PodView } from '../pod-view.ts';
import { configMapNameOf } from './config.ts';

const READ_BY_ALL = 0o444;

type CompiledMounts = { volumes: k8s.V1Volume[]; volumeMounts: k8s.V1VolumeMount[] };

/** Files of Configs, each at its path, read-only. The order of mounts in the document doesn't matter. */
export function compileMounts(app: AppDocument, view: PodView): CompiledMounts {
  const mounts = app.spec.mounts.filter(isFileMount).sort((a, b) => compareText(a.path, b.path));
  const keysByConfig = new Map<string, Set<string>>();
  for (const mount of mounts) {
    const name = configOf(mount.config, view).metadata.name;
    keysByConfig.set(name, (keysByConfig.get(name) ?? new Set()).add(configMapKey(mount.file)));
  }
  const names = [...keysByConfig.keys()].sort(compareText);
  return {
    volumes: names.map((name) => configVolume(name, keysByConfig.get(name) ?? new Set(), view)),
    volumeMounts: mounts.map((mount) => fileMount(mount, view)),
  };
}

function configVolume(configName: string, keys: ReadonlySet<string>, view: PodView): k8s.V1Volume {
  return {
    name: configVolumeName(configName),
    configMap: {
      name: configMapNameOf(configOf(configName, view)),
      defaultMode: READ_BY_ALL,
      items: [...keys].sort(compareText).map((key) => ({ key, path: key })),
    },
  };
}

function fileMount(mount: AppFileMount, view: PodView): k8s.V1VolumeMount {
  return {
    name: configVolumeName(configOf(mount.config, view).metadata.name),
    mountPath: mount.path,
    subPath: configMapKey(mount.file),
    readOnly: true,
  };
}
