import type { Fault, ResourceDocument } from '@brainpod/model/document';
import type { PodLimits } from './tables.ts';

/** What is wrong with the documents that are to be deployed; paths begin with `<Kind>/<name>`, or with `limits.`. */
export type DeployCheck = (documents: ResourceDocument[], pod: { limits: PodLimits | null }) => Fault[];

export type DeployResult = { ok: true; revisionId: string } | { ok: false; faults: Fault[] };
