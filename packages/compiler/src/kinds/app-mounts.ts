import { type AppDocument, type AppFileMount, type AppMount, isFileMount } from '@brainpod/model/kinds/app';
import { nameInUrn } from '@brainpod/model/kinds/urn-field';
import type * as k8s from '@kubernetes/client-node';
import { configMapKey, configVolumeName, diskClaimName, diskVolumeName } from '../names.ts';
import { compareText, configOf, type PodView } from '../pod-view.ts';
import { configMapNameOf } from './config.ts';

const READ_BY_ALL = 0o444;

type CompiledMounts = { volumes: k8s.V1Volume[]; volumeMounts: k8s.V1VolumeMount[] };

/** Files of Configs, read-only, and Disks, each at its path. The order of mounts in the document doesn't matter. */
export function compileMounts(app: AppDocument, view: PodView): CompiledMounts {
  const mounts = app.spec.mounts.toSorted((a, b) => compareText(a.path, b.path));
  const keysByConfig = new Map<string, Set<string>>();
  for (const mount of mounts.filter(isFileMount)) {
    const name = configOf(mount.config, view).metadata.name;
    keysByConfig.set(name, (keysByConfig.get(name) ?? new Set()).add(configMapKey(mount.file)));
  }
  const configNames = [...keysByConfig.keys()].sort(compareText);
  return {
    volumes: [
      ...configNames.map((name) => configVolume(name, keysByConfig.get(name) ?? new Set(), view)),
      ...mountedDisks(app).map(diskVolume),
    ],
    volumeMounts: mounts.map((mount) => compileMount(mount, view)),
  };
}

/** The names of the Disks that an App mounts, sorted. */
export function mountedDisks(app: AppDocument): string[] {
  const names = app.spec.mounts.flatMap((mount) => (isFileMount(mount) ? [] : [nameInUrn(mount.disk)]));
  return [...new Set(names)].sort(compareText);
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

function diskVolume(diskName: string): k8s.V1Volume {
  return {
    name: diskVolumeName(diskName),
    persistentVolumeClaim: { claimName: diskClaimName(diskName) },
  };
}

function compileMount(mount: AppMount, view: PodView): k8s.V1VolumeMount {
  if (isFileMount(mount)) return fileMount(mount, view);
  return { name: diskVolumeName(nameInUrn(mount.disk)), mountPath: mount.path };
}

function fileMount(mount: AppFileMount, view: PodView): k8s.V1VolumeMount {
  return {
    name: configVolumeName(configOf(mount.config, view).metadata.name),
    mountPath: mount.path,
    subPath: configMapKey(mount.file),
    readOnly: true,
  };
}
