import type { Fault, ResourceDocument } from '@brainpod/model/document';

/** What is wrong with the documents that are to be deployed; paths begin with `<Kind>/<name>`. */
export type DeployCheck = (documents: ResourceDocument[]) => Fault[];

export type DeployResult = { ok: true; revisionId: string } | { ok: false; faults: Fault[] };
