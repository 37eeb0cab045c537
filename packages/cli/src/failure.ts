import { ApiFailure, UnexpectedAnswer } from '@brainpod/api-client/failure';
import { BuildError } from '@brainpod/builder/execute/build-error';
import { sortedJson } from './text/sorted-json.ts';
import type { Style } from './text/style.ts';

/** Something that this program itself refuses. `exitCode` is 2 where the arguments are at fault. */
export class CliFailure extends Error {
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'CliFailure';
    this.exitCode = options.exitCode ?? 1;
  }
}

export function exitCodeOf(error: unknown): number {
  return error instanceof CliFailure ? error.exitCode : 1;
}

/** An error for a person: what happened, where, and what to do next. */
export function failureText(error: unknown, style: Style): string {
  const lines = [`${style.red('error:')} ${messageOf(error)}`];
  if (error instanceof ApiFailure) {
    lines.push(
      ...error.details.map((detail) => `  ${style.bold(detail.path || '(the whole)')}: ${detail.message}`),
    );
    const advice = adviceFor(error);
    if (advice !== null) lines.push(style.dim(advice));
    if (error.httpStatus >= 500 && error.requestId !== '')
      lines.push(style.dim(`Request id: ${error.requestId}`));
  }
  return lines.join('\n');
}

/** The same for a program: one line of JSON. */
export function failureJson(error: unknown): string {
  return sortedJson({ error: fieldsOf(error) }, 0);
}

function fieldsOf(error: unknown): Record<string, unknown> {
  if (error instanceof ApiFailure) {
    const { code, message, requestId, httpStatus, details } = error;
    return { code, message, requestId, httpStatus, ...(details.length > 0 ? { details } : {}) };
  }
  if (error instanceof UnexpectedAnswer) {
    const { message, httpStatus, response } = error;
    return { code: 'API_ERROR', message, httpStatus, response };
  }
  if (error instanceof BuildError && error.failure.kind === 'dockerfile') {
    return { code: 'CLI_ERROR', message: error.message, line: error.failure.line, reason: error.reason };
  }
  return { code: 'CLI_ERROR', message: messageOf(error) };
}

function adviceFor(error: ApiFailure): string | null {
  switch (error.code) {
    case 'UNAUTHORIZED':
      return 'Check your API key: "brainpod config show" tells which one is used and from where.';
    case 'FORBIDDEN':
      return 'See what your API key may do: brainpod whoami';
    case 'RATE_LIMITED':
      return 'Wait a moment, then try again.';
    default:
      return null;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
