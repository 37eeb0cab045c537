import { BrainpodClient } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';
import { configPath, readConfigFile } from './settings/config-file.ts';
import { type GlobalFlags, resolveSettings, type Settings } from './settings/settings.ts';
import { sortedJson } from './text/sorted-json.ts';
import { type Style, styleFor } from './text/style.ts';

/** What a command gives back: the whole API body for programs, and a text for people. */
export type Result = { json: unknown; text: (style: Style) => string };

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
    return new BrainpodClient({ endpoint: this.endpoint(), token: this.apiKey() });
  }

  apiKey(): string {
    const token = this.settings.api_token.value;
    if (token !== null) return token;
    throw new CliFailure(
      'There is no API key. Set one with "brainpod config set api-token KEY", or in BRAINPOD_API_TOKEN.',
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

  /** Progress for a person: on stderr, and not where a program reads. */
  progress(line: (style: Style) => string): void {
    if (this.json) return;
    this.io.stderr.write(`${line(styleFor(this.io.stderr, this.io.environment))}\n`);
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
  work: (context: Context, ...args: Arguments) => Promise<Result>,
) => (this: Command, ...args: Arguments) => Promise<void>;

export function runnerFor(io: Io): Runner {
  return (work) =>
    async function run(...args) {
      const context = await Context.open(io, this.optsWithGlobals<GlobalFlags>());
      context.print(await work(context, ...args));
    };
}
