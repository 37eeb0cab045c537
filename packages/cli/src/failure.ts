import { ApiFailure, UnexpectedAnswer } from '@brainpod/api-client/failure';
import { BuildError } from '@brainpod/builder/execute/build-error';
import { adviceFor, limitFault, type Situation } from './advice.ts';
import { sortedJson } from './text/sorted-json.ts';
import type { Style } from './text/style.ts';

const LIMIT_RESOLUTION = 'Ask for less, remove what is not needed, or have the limits raised.';

/** Something that this program itself refuses. `exitCode` is 2 where the arguments are at fault. */
export class CliFailure extends Error {
  readonly exitCode: 1 | 2;
  /** What to do next, where the message does not say it. */
  readonly advice: string | null;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown; advice?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'CliFailure';
    this.exitCode = options.exitCode ?? 1;
    this.advice = options.advice ?? null;
  }
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CliFailure ? error.exitCode : 1;
}

/** An error for a person: what happened, where, and what to do next. */
export function failureText(error: unknown, style: Style, situation: Situation): string {
  const lines = [`${style.red('error:')} ${messageOf(error)}`];
  if (error instanceof ApiFailure) {
    lines.push(
      ...error.details.map((detail) => `  ${style.bold(detail.path || '(the whole)')}: ${detail.message}`),
    );
    if (error.httpStatus >= 500 && error.requestId !== '')
      lines.push(style.dim(`Request id: ${error.requestId}`));
  }
  const advice = error instanceof CliFailure ? error.advice : adviceFor(error, situation);
  if (advice !== null) lines.push(style.dim(advice));
  return lines.join('\n');
}

/** The same for a program: one line of JSON. `upgradeUrl` is where an account's limits can be raised. */
export function failureJson(error: unknown, upgradeUrl = ''): string {
  return sortedJson({ error: fieldsOf(error, upgradeUrl) }, 0);
}

function fieldsOf(error: unknown, upgradeUrl: string): Record<string, unknown> {
  if (error instanceof ApiFailure) {
    const { code, message, requestId, httpStatus, details } = error;
    const found = details.length > 0 ? { details } : {};
    const limited = limitFault(error) ? { resolution: LIMIT_RESOLUTION, upgradeUrl } : {};
    return { code, message, requestId, httpStatus, ...found, ...limited };
  }
  if (error instanceof UnexpectedAnswer) {
    const { message, httpStatus, response } = error;
    return { code: 'API_ERROR', message, httpStatus, response };
  }
  if (error instanceof BuildError && error.failure.kind === 'dockerfile') {
    return { code: 'CLI_ERROR', message: error.message, line: error.failure.line, reason: error.reason };
  }
  const advice = error instanceof CliFailure && error.advice !== null ? { advice: error.advice } : {};
  return { code: 'CLI_ERROR', message: messageOf(error), ...advice };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
