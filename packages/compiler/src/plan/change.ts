import type { Kind } from '@brainpod/model/document';

/**
 * What becomes of a resource: `create` and `delete`; `update` in place, nothing being restarted; `scale`, only the
 * number of its instances; `roll`, new instances take the place of old ones without interruption; `restart`, the old
 * instance ends before the new one starts; `unsupported`, its kind does not run here yet; `none`.
 */
export type PlanAction =
  | 'none'
  | 'create'
  | 'update'
  | 'scale'
  | 'roll'
  | 'restart'
  | 'delete'
  | 'unsupported';

/** What stops answering, for how long at most (null: for ever, or until it is brought back), and why. */
export type Interruption = { what: string; seconds: number | null; why: string };

export type PlannedChange = {
  kind: Kind;
  name: string;
  action: PlanAction;
  interruption: Interruption | null;
  /** What data may be lost, as a sentence. */
  dataAtRisk: string | null;
  /** What of the resource, or of which other one, causes the action; empty with `none`. */
  reasons: string[];
};

/** What becomes of one resource; its kind and name are known already. */
export type Verdict = Omit<PlannedChange, 'kind' | 'name'>;

export const NOTHING: Verdict = { action: 'none', interruption: null, dataAtRisk: null, reasons: [] };
