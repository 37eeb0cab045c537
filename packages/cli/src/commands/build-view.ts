import { stripVTControlCharacters } from 'node:util';
import type { Build, BuildLogEntry, BuildState } from '../flows/builds-api.ts';
import type { HostedEvent } from '../flows/hosted-build.ts';
import type { SourceEvent } from '../flows/send-source.ts';
import { sizeText } from '../text/size-text.ts';
import type { Style } from '../text/style.ts';
import { seconds } from '../text/time.ts';

const CONTROLS = /[\p{Cc}\p{Cf}]/gu;

/** One line for what is sent of a folder. */
export function sourceLine(event: SourceEvent, style: Style): string {
  const of = `${count(event.files)} of ${files(event.allFiles)}, ${sizeText(event.bytes)}`;
  if (event.kind === 'sending') return `${style.dim('→')} sending ${of}`;
  return event.files === 0
    ? `${style.green('✓')} source ${style.dim(`${files(event.allFiles)}, ${sizeText(event.allBytes)}: the server has them all`)}`
    : `${style.green('✓')} source ${style.dim(`sent ${of}`)}`;
}

/** One line for what happens to a build, or null where there is nothing to say. */
export function hostedLine(event: HostedEvent, style: Style): string | null {
  switch (event.kind) {
    case 'created':
      return `${style.dim('→')} build ${event.build.id}`;
    case 'waiting':
      if (event.ahead === 0) return null;
      return `${style.yellow('…')} waiting for ${event.ahead === 1 ? 'one build' : `${count(event.ahead)} builds`} before it`;
    case 'entry':
      return entryLine(event.entry, style);
    case 'away':
      return style.dim(`${event.reason} Trying again …`);
  }
}

/** A line of a build's log. What a build printed may hold anything: nothing of it reaches the terminal as a command. */
export function entryLine(entry: BuildLogEntry, style: Style): string {
  const name = plain(entry.name);
  switch (entry.kind) {
    case 'step-started':
      return `${style.dim('→')} ${name}`;
    case 'step-done':
      return `${style.green('✓')} ${name} ${style.dim(entry.cached === true ? 'cached' : seconds(entry.durationMs ?? 0))}`;
    case 'step-failed':
      return `${style.red('✗')} ${name}`;
    case 'log':
      return `  ${style.dim(plain(entry.line ?? ''))}`;
    case 'plan':
      return `${style.dim('→')} ${plain([entry.name, entry.line ?? ''].filter(Boolean).join(': '))}`;
    case 'note':
      return style.yellow(plain(entry.line ?? entry.name));
  }
}

export function paintBuildState(style: Style, state: BuildState): string {
  switch (state) {
    case 'ready':
      return style.green(state);
    case 'failed':
      return style.red(state);
    case 'waiting':
    case 'pending':
      return style.yellow(state);
    case 'cancelled':
      return style.dim(state);
  }
}

/** `web:latest`, or the names of what was built elsewhere. */
export function imageText({ image, artifacts }: Build): string {
  return image === null ? artifacts.map(({ name }) => name).join(', ') : `${image.repository}:${image.tag}`;
}

/** Where the source is from, as far as it was said: `octo/shop main 1a2b3c4`; else a folder's digest. */
export function sourceText({ tags, source }: Build): string {
  const said = [tags['github.repo'], tags['git.refname'], tags['git.rev']?.slice(0, 7)];
  return said.filter(Boolean).join(' ') || (source === null ? '' : `folder ${source.slice(7, 19)}`);
}

/** How long it ran, or has been running: '' before it began. */
export function durationText({ startedAt, finishedAt }: Build, nowMs: number): string {
  if (startedAt === null) return '';
  return seconds((finishedAt === null ? nowMs : Date.parse(finishedAt)) - Date.parse(startedAt));
}

function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\t', '  ').replaceAll(CONTROLS, '');
}

function files(amount: number): string {
  return `${count(amount)} ${amount === 1 ? 'file' : 'files'}`;
}

function count(amount: number): string {
  return amount.toLocaleString('en');
}
