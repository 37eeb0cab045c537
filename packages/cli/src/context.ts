import { BrainpodClient } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Situation } from './advice.ts';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';
import { configPath, readConfigFile } from './settings/config-file.ts';
import { type GlobalFlags, resolveSettings, type Settings } from './settings/settings.ts';
import { sortedJson } from './text/sorted-json.ts';
import { type Style, styleFor } from './text/style.ts';
import { seconds } from './text/time.ts';

/** What a command gives back: the whole API body for programs, and a text for people. */
export type Result = { json: unknown; text: (style: Style) => string };

/** Null where a command has printed all there is, line by line, while it ran. */
export type Outcome = Result | null;

/** What a command works with. */
export class Context {
  readonly io: Io;
  readonly settings: Settings;
  readonly json: boolean;

  private constructor(io: Io, settings: Settings, json: boolean) {
    this.io = io;
    this.settings = settings;
    this.json = json;
  }

  static async open(io: Io, flags: GlobalFlags): Promise<Context> {
    const config = await readConfigFile(configPath(io.environment));
    return new Context(io, resolveSettings(flags, io.environment, config), flags.json === true);
  }

  /** The API. Throws CliFailure where the endpoint is no URL or there is no key. */
  client(): BrainpodClient {
    return this.clientWith(this.apiKey());
  }

  /** The API with this key instead of the settings' one. */
  clientWith(token: string): BrainpodClient {
    return new BrainpodClient({
      endpoint: this.endpoint(),
      token,
      signal: this.io.signal,
      onRetry: ({ code, delayMs }) =>
        this.progress((style) => style.dim(`${retryReason(code)}; trying again in ${seconds(delayMs)} …`)),
    });
  }

  apiKey(): string {
    const token = this.settings.api_token.value;
    if (token !== null) return token;
    throw new CliFailure(
      'There is no API key. Sign in with "brainpod login", or set a key with "brainpod config set api-token KEY" ' +
        'or in BRAINPOD_API_TOKEN.',
    );
  }

  endpoint(): string {
    return this.#url('endpoint');
  }

  registryEndpoint(): string {
    return this.#url('registry_endpoint');
  }

  pod(): string {
    const pod = this.settings.pod.value;
    if (pod !== null) return pod;
    throw new CliFailure(
      'Which pod? Name it with --pod, in BRAINPOD_POD, or once for all with "brainpod config set pod NAME". ' +
        'Your pods: brainpod pod list',
    );
  }

  print(result: Result): void {
    const text = this.json
      ? sortedJson(result.json)
      : result.text(styleFor(this.io.stdout, this.io.environment));
    this.io.stdout.write(`${text}\n`);
  }

  /** One line while a command runs: JSON on one line for programs (NDJSON), text for people. */
  line(json: unknown, text: (style: Style) => string): void {
    const line = this.json ? sortedJson(json, 0) : text(styleFor(this.io.stdout, this.io.environment));
    this.io.stdout.write(`${line}\n`);
  }

  /** Progress for a person: on stderr, and not where a program reads. Null says nothing. */
  progress(line: (style: Style) => string | null): void {
    const text = this.json ? null : line(styleFor(this.io.stderr, this.io.environment));
    if (text !== null) this.io.stderr.write(`${text}\n`);
  }

  #url(key: 'endpoint' | 'registry_endpoint'): string {
    const { value, source } = this.settings[key];
    const url = value !== null && URL.canParse(value) ? new URL(value) : null;
    if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:'))
      return url.href.replace(/\/$/, '');
    const name = key.replaceAll('_', ' ');
    throw new CliFailure(`The ${name} "${value ?? ''}" (from the ${source}) is not an http or https URL.`);
  }
}

/** Commands are registered with this, so that each gets its context and its result is printed. */
export type Runner = <Arguments extends unknown[]>(
  work: (context: Context, ...args: Arguments) => Promise<Outcome>,
) => (this: Command, ...args: Arguments) => Promise<void>;

/** `situation` is filled in as soon as it is known: what is being done, for advice when it fails. */
export function runnerFor(io: Io, situation: Situation): Runner {
  return (work) =>
    async function run(...args) {
      situation.command = commandPath(this);
      const context = await Context.open(io, this.optsWithGlobals<GlobalFlags>());
      const named = args[this.registeredArguments.findIndex((each) => each.name() === 'pod')];
      situation.pod = typeof named === 'string' ? named : context.settings.pod.value;
      situation.endpoint = context.settings.endpoint.value;
      const outcome = await work(context, ...args);
      if (outcome !== null) context.print(outcome);
    };
}

/** The words that name a command, without the program's own. */
export function commandPath(command: Command): string {
  const above = command.parent === null ? '' : commandPath(command.parent);
  return command.parent === null ? '' : `${above} ${command.name()}`.trim();
}

function retryReason(code: string): string {
  switch (code) {
    case 'RATE_LIMITED':
      return 'Too many requests with this key';
    case 'CONNECTION_BROKEN':
      return 'The connection broke';
    case 'REQUEST_TIMEOUT':
      return 'The API took too long';
    default:
      return 'The API cannot answer now';
  }
}
