import type { Fault } from './fault.ts';
import { type AppDocument, type AppMount, configNameOf, isFileMount } from './kinds/app.ts';
import { backendNameOf } from './kinds/route.ts';
import type { PodDocuments } from './pod-documents.ts';
import { parseEnvValue } from './reference.ts';
import { referenceFault } from './variables.ts';

/** What an App refers to in its pod and isn't there. Paths start at the App's own root. */
export function checkApp(app: AppDocument, pod: PodDocuments): Fault[] {
  return [...checkEnv(app, pod), ...checkMounts(app, pod), ...checkReadyPort(app, pod)];
}

function checkEnv(app: AppDocument, pod: PodDocuments): Fault[] {
  return app.spec.env.flatMap((entry, index) =>
    parseEnvValue(entry.value).flatMap((part) => {
      const message = 'text' in part ? undefined : referenceFault(pod, part);
      return message === undefined ? [] : [{ path: `spec.env[${index}].value`, message }];
    }),
  );
}

function checkMounts(app: AppDocument, pod: PodDocuments): Fault[] {
  return app.spec.mounts.flatMap((mount, index) => checkMount(mount, `spec.mounts[${index}]`, pod));
}

function checkMount(mount: AppMount, path: string, pod: PodDocuments): Fault[] {
  if (!isFileMount(mount)) return [];
  const name = configNameOf(mount.config);
  const config = pod.configs.find((candidate) => candidate.metadata.name === name);
  if (config === undefined) {
    return [{ path: `${path}.config`, message: `There is no Config "${name}" in this pod.` }];
  }
  if (Object.hasOwn(config.spec.files, mount.file)) return [];
  const files = Object.keys(config.spec.files)
    .sort()
    .map((file) => `"${file}"`);
  const has = files.length === 0 ? 'It has no files' : `Its files are ${files.join(', ')}`;
  return [{ path: `${path}.file`, message: `Config "${name}" has no file "${mount.file}". ${has}.` }];
}

/** A check by path alone asks on the port that Routes lead to, so there must be one. */
function checkReadyPort(app: AppDocument, pod: PodDocuments): Fault[] {
  const check = app.spec.checks?.ready;
  if (check?.path === undefined || check.port !== undefined) return [];
  const routed = pod.routes.some((route) =>
    route.spec.rules.some((rule) => backendNameOf(rule.backendRef) === app.metadata.name),
  );
  if (routed) return [];
  return [
    {
      path: 'spec.checks.ready.port',
      message: 'Is missing, and no Route leads to this App to take the port from.',
    },
  ];
}
