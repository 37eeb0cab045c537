import { isDatabaseKind } from './kind.ts';
import type { AppDocument } from './kinds/app.ts';
import type { ConfigDocument } from './kinds/config.ts';
import type { DatabaseDocument } from './kinds/database.ts';
import type { DiskDocument } from './kinds/disk.ts';
import type { RouteDocument } from './kinds/route.ts';
import type { ResourceDocument } from './resource-document.ts';

/** A pod's documents, by what they are. */
export type PodDocuments = {
  apps: readonly AppDocument[];
  configs: readonly ConfigDocument[];
  routes: readonly RouteDocument[];
  databases: readonly DatabaseDocument[];
  disks: readonly DiskDocument[];
};

/** Sorts documents by what they are; within, they keep their order. */
export function podDocuments(documents: readonly ResourceDocument[]): PodDocuments {
  return {
    apps: documents.filter((document) => document.kind === 'App'),
    configs: documents.filter((document) => document.kind === 'Config'),
    routes: documents.filter((document) => document.kind === 'Route'),
    databases: documents.filter(isDatabase),
    disks: documents.filter((document) => document.kind === 'Disk'),
  };
}

/** All documents of a pod in the order of their kinds. */
export function allOf({ apps, configs, routes, databases, disks }: PodDocuments): ResourceDocument[] {
  return [...apps, ...configs, ...routes, ...databases, ...disks];
}

function isDatabase(document: ResourceDocument): document is DatabaseDocument {
  return isDatabaseKind(document.kind);
}
