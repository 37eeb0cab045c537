import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { waitFor } from '@brainpod/testkit/wait-for';
import type { Answers, Question, Settings } from './reconciler-messages.ts';

const PROCESS = path.join(import.meta.dirname, 'reconciler-process.ts');

/** The process that is measured. One question at a time. */
export class MeasuredReconciler {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** `profileDir`: where it leaves a profile of its processor time when it ends. */
  static start(settings: Settings, profileDir: string | null): MeasuredReconciler {
    const profile = profileDir === null ? [] : ['--cpu-prof', '--cpu-prof-dir', profileDir];
    const args = ['--expose-gc', ...profile, PROCESS, JSON.stringify(settings)];
    return new MeasuredReconciler(
      spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
    );
  }

  async ask<Q extends Question>(question: Q): Promise<Answers[Q]> {
    const answer = new Promise<Answers[Q]>((resolve, reject) => {
      // What comes back is what reconciler-process.ts sends for this question.
      const onAnswer = (message: unknown): void => {
        this.#child.off('exit', onExit);
        resolve(message as Answers[Q]);
      };
      const onExit = (code: number | null): void => {
        this.#child.off('message', onAnswer);
        reject(new Error(`the reconciler's process ended with ${code}`));
      };
      this.#child.once('message', onAnswer);
      this.#child.once('exit', onExit);
    });
    this.#child.send(question);
    return answer;
  }

  /** Resolves when nothing has been left to do for a second. */
  async atRest(timeoutMs: number): Promise<void> {
    let restsSince = Number.POSITIVE_INFINITY;
    await waitFor(
      async () => {
        const { isComplete, isAtRest } = await this.ask('look');
        if (!isComplete || !isAtRest) restsSince = Number.POSITIVE_INFINITY;
        else restsSince = Math.min(restsSince, performance.now());
        return performance.now() - restsSince >= 1_000;
      },
      { timeoutMs, what: 'the reconciler to come to rest', everyMs: 100 },
    );
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Ends it so that it can leave its profile. */
  async stop(): Promise<void> {
    await this.#end(null);
  }

  async #end(signal: 'SIGKILL' | null): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    if (signal === null) this.#child.disconnect();
    else this.#child.kill(signal);
    await ended;
  }
}
