import { ApiError } from '@brainpod/model/errors';
import { type Actor, recordAudit } from './audit.ts';
import { cancel } from './cancel.ts';
import type { DeployCheck, DeployResult } from './deploy-result.ts';
import { type Expectation, loadEntries } from './documents.ts';
import { assertRunning, type LockedPod, lockPod } from './locked-pod.ts';
import { type PlanBasis, readPlanBasis } from './plan-basis.ts';
import { type RollbackRequest, rollBack } from './rollback.ts';
import type { Database, DatabaseTransaction, ImageDigests } from './tables.ts';
import { inTransaction, transactionKeptIf } from './transaction.ts';
import { type RevisionChanges, startNextDeploy, transition } from './transition.ts';

type DeployRequest = {
  check: DeployCheck;
  /** What tags of images lead to now; an image that is not in it will be what its name says. Default: none is. */
  imageDigests?: ImageDigests;
  /** What the head must hold. */
  expect?: Expectation;
  /** Looks at all that decides what the deploy does, while the pod is locked: throws when that is not as planned. */
  expectPlan?: (basis: PlanBasis) => void;
  actor: Actor;
};

/** Sends revisions on their way to being live. */
export class Deployments {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Asks for the pod's draft to be deployed. While an earlier revision of the pod is on its way it waits for its
   * turn. PRECONDITION_FAILED (ApiError) when the head is no draft. What is expected and the check see just what will
   * be deployed.
   */
  deploy(podId: string, request: DeployRequest & { summary?: string }): Promise<DeployResult> {
    return this.#start(podId, request, {
      assertPossible: assertDeployable,
      changes: request.summary === undefined ? {} : { summary: request.summary },
    });
  }

  /** Tries the latest revision again, if it failed; PRECONDITION_FAILED (ApiError) otherwise. */
  redeploy(
    podId: string,
    request: Pick<DeployRequest, 'check' | 'imageDigests' | 'actor'>,
  ): Promise<DeployResult> {
    return this.#start(podId, request, {
      assertPossible: assertRedeployable,
      changes: { error: null, deploy_started_at: null },
    });
  }

  /** All that decides what deploying the pod's head does, from one moment. */
  planBasis(podId: string): Promise<PlanBasis> {
    if (this.#db.isTransaction) return readPlanBasis(this.#db, podId);
    const moment = this.#db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only');
    return moment.execute((trx) => readPlanBasis(trx, podId));
  }

  /**
   * Makes what an earlier revision holds live again, by a new revision that is on its way at once. NOT_FOUND (ApiError)
   * when the pod has no such revision; PRECONDITION_FAILED when it is the draft, or when the draft holds changes and
   * `discardDraft` was not asked for.
   */
  rollback(podId: string, request: RollbackRequest): Promise<DeployResult> {
    return transactionKeptIf(
      this.#db,
      (trx) => rollBack(trx, podId, request),
      (result) => result.ok,
    );
  }

  /**
   * Stops a revision that is on its way, or sets the draft aside for one that holds what is live. NOT_FOUND and, for
   * revisions that are at their end, PRECONDITION_FAILED (ApiError).
   */
  cancel(podId: string, request: { revisionId: string; actor: Actor }): Promise<void> {
    return inTransaction(this.#db, (trx) => cancel(trx, podId, request));
  }

  #start(
    podId: string,
    { check, imageDigests = {}, expect, expectPlan, actor }: DeployRequest,
    options: { assertPossible: (pod: LockedPod) => void; changes: RevisionChanges },
  ): Promise<DeployResult> {
    const work = async (trx: DatabaseTransaction): Promise<DeployResult> => {
      const pod = await lockPod(trx, podId);
      assertRunning(pod);
      options.assertPossible(pod);
      const entries = await loadEntries(trx, pod.head.id);
      expect?.(entries);
      if (expectPlan !== undefined) expectPlan(await readPlanBasis(trx, podId));
      const faults = check(
        entries.map((entry) => entry.document),
        pod,
      );
      if (faults.length > 0) return { ok: false, faults };
      const changes = { ...options.changes, image_digests: JSON.stringify(imageDigests) };
      if (!(await transition(trx, pod.head.id, 'pending', changes))) {
        throw new Error(`revision ${pod.head.id} changed its state although its pod was locked`);
      }
      await startNextDeploy(trx, podId);
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, revisionId: pod.head.id });
      return { ok: true, revisionId: pod.head.id };
    };
    return transactionKeptIf(this.#db, work, (result) => result.ok);
  }
}

function assertDeployable({ head }: LockedPod): void {
  if (head.state === 'draft') return;
  throw new ApiError(
    'PRECONDITION_FAILED',
    `There is no draft to deploy: the latest revision (version ${head.version}) is ${head.state}. Change a resource first, redeploy it if it failed, or roll back to an earlier one.`,
  );
}

function assertRedeployable({ head }: LockedPod): void {
  if (head.state === 'failed' && head.checksum === null) return;
  throw new ApiError(
    'PRECONDITION_FAILED',
    `Only a latest revision that failed can be redeployed, and the latest revision (version ${head.version}) is ${head.state}.`,
  );
}
