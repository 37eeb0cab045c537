import type { ResourceDocument } from '@brainpod/model/document';
import { type AppDocument, configNameOf } from '@brainpod/model/kinds/app';
import type { ConfigDocument } from '@brainpod/model/kinds/config';
import { backendNameOf } from '@brainpod/model/kinds/route';
import { type PodDocuments, podDocuments } from '@brainpod/model/pod-documents';
import type { Platform, PodContext } from './platform-facts.ts';

/** All that compiling one resource may look at: the whole pod, sorted by name, and the platform. */
export type PodView = PodDocuments & { pod: PodContext; platform: Platform };

/** Sorts a pod's documents, so that what is compiled doesn't depend on the order they came in. */
export function podView(
  documents: readonly ResourceDocument[],
  pod: PodContext,
  platform: Platform,
): PodView {
  const sorted = [...documents].sort((a, b) => compareText(a.metadata.name, b.metadata.name));
  return { ...podDocuments(sorted), pod, platform };
}

/** The Routes' side of an App: on which ports requests come, at which of them as HTTP/2, and how long one may take. */
export type AppTraffic = {
  ports: number[];
  http2Ports: ReadonlySet<number>;
  longestTimeoutSeconds: number | undefined;
};

export function trafficOf(app: AppDocument, view: PodView): AppTraffic {
  const ports = new Set<number>();
  const http2Ports = new Set<number>();
  let longestTimeoutSeconds: number | undefined;
  for (const route of view.routes) {
    const own = route.spec.rules.filter((rule) => backendNameOf(rule.backendRef) === app.metadata.name);
    for (const { port, protocol } of own) {
      ports.add(port);
      if (protocol === 'http2') http2Ports.add(port);
    }
    if (own.length > 0) longestTimeoutSeconds = Math.max(longestTimeoutSeconds ?? 0, route.spec.timeout);
  }
  return { ports: [...ports].sort((a, b) => a - b), http2Ports, longestTimeoutSeconds };
}

/** The Config that a mount names. Documents are checked before: that it is missing is a bug. */
export function configOf(reference: string, view: PodView): ConfigDocument {
  const name = configNameOf(reference);
  const config = view.configs.find((candidate) => candidate.metadata.name === name);
  if (config === undefined) throw new Error(`Config ${name} is mounted but not in the checked documents`);
  return config;
}

/** By code unit: the same everywhere, whatever the machine's language. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
