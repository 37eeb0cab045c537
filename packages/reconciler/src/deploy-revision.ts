import type { CompiledObject, Platform } from '@brainpod/compiler/compile';
import { KubeError } from '@brainpod/kube/kube-error';
import type { Fault } from '@brainpod/model/document';
import type { Refusal } from './apply-objects.ts';
import { type Assessment, assessPod } from './assess.ts';
import { explainTimeout, findTerminalFault, withLastWords } from './explain-failure.ts';
import type { LogSource } from './health/diagnosis.ts';
import { lackSentence } from './lack-sentence.ts';
import { NAMESPACE } from './managed-kinds.ts';
import { compileSnapshot, type Outcome, type PodDeps } from './pod-pass.ts';
import type { PodState, Snapshot } from './ports.ts';
import { withPullKey } from './pull-key.ts';
import { refusalText } from './refusal-text.ts';
import { checksumOf, planRollout } from './rollout-plan.ts';
import {
  answersServed,
  msUntilLetGo,
  msUntilReplaced,
  servedHostnames,
  switchRoutes,
} from './route-switch.ts';

type Failure = { sentence: string; logFrom?: LogSource };

// While the cluster has not been read, nothing in it can tell that it now has.
const CLUSTER_RETRY_MS = 1_000;

/** Takes one revision the next step on its way to being live: checked, applied, healthy; or failed with a reason. */
export class RevisionDeploy {
  readonly #deps: PodDeps;
  readonly #state: PodState;
  readonly #target: Snapshot;
  readonly #signal: AbortSignal;

  constructor(deps: PodDeps, state: PodState, target: Snapshot, signal: AbortSignal) {
    this.#deps = deps;
    this.#state = state;
    this.#target = target;
    this.#signal = signal;
  }

  /** `platform` is null while the cluster has not been read. */
  async step(platform: Platform | null): Promise<Outcome> {
    if (platform === null) {
      if (this.#leftMs() > 0) return { waitMs: Math.min(CLUSTER_RETRY_MS, this.#leftMs()) };
      return this.#fail({ sentence: this.#unreachableSentence() });
    }
    const compiled = compileSnapshot(this.#deps, this.#state, this.#target, platform);
    if (compiled.diagnostics.length > 0) return this.#fail({ sentence: faultsText(compiled.diagnostics) });
    try {
      return await this.#advance(compiled.objects, platform);
    } catch (error) {
      return this.#handleError(error, compiled.objects);
    }
  }

  async #advance(objects: CompiledObject[], platform: Platform): Promise<Outcome> {
    const { store } = this.#deps;
    if (this.#target.state === 'pending') {
      const refusals = await this.#check(objects);
      if (refusals.length > 0) return this.#failRefused(refusals, objects);
      this.#signal.throwIfAborted();
      if (!(await store.markReady(this.#target.revisionId, checksumOf(objects)))) return 'reload';
      this.#log('the cluster accepts the revision');
    }
    const { assessment, waitMs } = await this.#rollOut(objects, platform);
    await store.saveStatuses(this.#state.pod.id, assessment.rows);
    const leftMs = this.#leftMs();
    if (assessment.healthy) {
      const replacedMs = Math.min(msUntilReplaced(assessment.apps, this.#deps.clock.now()), leftMs);
      if (replacedMs > 0) return { waitMs: replacedMs };
      this.#signal.throwIfAborted();
      if (await store.markDeployed(this.#target.revisionId)) this.#log('deployed');
      return 'reload';
    }
    const fault = findTerminalFault(assessment);
    if (fault !== null) return this.#fail(fault);
    if (leftMs > 0) return { waitMs: Math.min(leftMs, waitMs ?? leftMs) };
    if (!this.#deps.live.isConnected) return this.#fail({ sentence: this.#unreachableSentence() });
    return this.#fail(await explainTimeout(this.#deps.kube, assessment, this.#deps.deployTimeoutMs));
  }

  /** Lets the cluster judge all objects before any is changed. Only the namespace has to be there for that. */
  async #check(objects: CompiledObject[]): Promise<Refusal[]> {
    const all = objects.map(({ object }) => object);
    await this.#deps.applier.apply(
      all.filter((object) => object.kind === NAMESPACE.kind),
      this.#signal,
    );
    return this.#deps.applier.dryRun(all, this.#signal);
  }

  async #rollOut(
    objects: CompiledObject[],
    platform: Platform,
  ): Promise<{ assessment: Assessment; waitMs: number | null }> {
    const { applier } = this.#deps;
    const deployed = this.#state.deployed;
    const before =
      deployed === null ? [] : compileSnapshot(this.#deps, this.#state, deployed, platform).objects;
    const { live } = this.#deps;
    const { name } = this.#state.pod;
    const served = servedHostnames(live.ofPod(name));
    const plan = planRollout(objects, before, (object) => answersServed(object, served));
    const apply = async (): Promise<void> => {
      for (const step of plan.first) await applier.apply(step, this.#signal);
    };
    await withPullKey(this.#deps, this.#state, { apply, signal: this.#signal });
    const assessment = this.#assess(platform);
    const { whenHealthy, whenSwitched } = plan;
    if (whenHealthy.length + whenSwitched.length === 0) return { assessment, waitMs: null };
    // A Route that still serves as the revision before wants it is no sign that this revision is healthy.
    const waiting = { ...assessment, healthy: false };
    if (!assessment.appsHealthy) return { assessment: waiting, waitMs: null };
    const waitMs = await switchRoutes(this.#deps, name, whenHealthy, this.#signal);
    if (waitMs !== null) return { assessment: waiting, waitMs };
    const letGoMs = whenSwitched.length === 0 ? 0 : msUntilLetGo(this.#deps, name, whenHealthy);
    if (letGoMs > 0) return { assessment: waiting, waitMs: letGoMs };
    await applier.apply(whenSwitched, this.#signal);
    return { assessment: this.#assess(platform), waitMs };
  }

  #assess(platform: Platform): Assessment {
    return assessPod(this.#target.documents, this.#state.pod.name, this.#deps.live, platform);
  }

  #handleError(error: unknown, objects: CompiledObject[]): Promise<Outcome> {
    if (!(error instanceof KubeError) || this.#signal.aborted) throw error;
    if (!error.retryable) return this.#failRefused([{ object: null, error }], objects);
    if (this.#leftMs() > 0) throw error;
    this.#deps.logger.warn(
      { ...this.#fields(), error: error.message },
      'the cluster did not take a revision in time',
    );
    const sentence = lackSentence(error) ?? this.#unreachableSentence();
    return this.#fail({ sentence });
  }

  #failRefused(refusals: Refusal[], objects: CompiledObject[]): Promise<Outcome> {
    for (const { object, error } of refusals) {
      const what = object === null ? {} : { object: `${object.kind}/${object.metadata.name}` };
      this.#deps.logger.error(
        { ...this.#fields(), ...what, error: error.message },
        'the cluster refuses an object',
      );
    }
    return this.#fail({ sentence: refusalText(refusals, objects) });
  }

  async #fail(failure: Failure): Promise<Outcome> {
    const text = await withLastWords(this.#deps.kube, failure);
    this.#signal.throwIfAborted();
    if (await this.#deps.store.markFailed(this.#target.revisionId, text)) {
      this.#deps.logger.info({ ...this.#fields(), reason: failure.sentence }, 'the revision failed');
    }
    return 'reload';
  }

  #leftMs(): number {
    const nowMs = this.#deps.clock.now().getTime();
    // The store sets the start with the state; without one there is nothing to wait for.
    const startedAtMs = this.#target.deployStartedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
    return startedAtMs + this.#deps.deployTimeoutMs - nowMs;
  }

  #unreachableSentence(): string {
    const seconds = Math.round(this.#deps.deployTimeoutMs / 1000);
    if (this.#deps.live.isComplete && this.#deps.live.isConnected && this.#deps.platform() === null) {
      return `Within ${seconds} seconds the cluster had nothing that serves Routes, so nothing was changed. The operator has to start or install it; deploy again after that.`;
    }
    return `The cluster could not be reached within ${seconds} seconds, so nothing is known to have changed. Deploy again when it is back.`;
  }

  #log(message: string): void {
    this.#deps.logger.info(this.#fields(), message);
  }

  #fields(): { pod: string; version: number; revision: string } {
    return { pod: this.#state.pod.name, version: this.#target.version, revision: this.#target.revisionId };
  }
}

function faultsText(faults: readonly Fault[]): string {
  const lines = faults.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return lines.length === 1
    ? lines.join('')
    : ['These things are wrong:', ...lines.map((line) => `  ${line}`)].join('\n');
}
