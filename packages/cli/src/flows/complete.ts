import type { BrainpodClient } from '@brainpod/api-client/client';
import type { Command, Option } from 'commander';
import { visibleCommands } from '../commands/describe.ts';
import { commandPath } from '../context.ts';
import { KIND_NAMES } from '../kinds.ts';
import { CONFIG_KEYS } from '../settings/config-file.ts';

export type Candidate = { value: string; description: string };
/** What fits where the cursor is; `files`: the shell's own file names do. */
export type Completion = { candidates: Candidate[]; files: boolean };

/** How names are looked up: gives null where there is no key, for example. */
export type Lookup = { client: () => BrainpodClient; pod: () => string };

type Place = { command: Command; positional: string[]; pendingOption: Option | null };
type Source = (lookup: Lookup, positional: readonly string[]) => Promise<Candidate[]>;

/** What the last of these words may become. Names that cannot be looked up are left out. */
export async function complete(
  program: Command,
  words: readonly string[],
  lookup: Lookup,
): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const place = placeAt(program, words.slice(0, -1));
  const found = await candidatesAt(place, last, lookup);
  return {
    files: found.files,
    candidates: found.candidates.filter(({ value }) => value.startsWith(last)),
  };
}

/** Which command the words before the cursor come to, and what it still waits for. */
function placeAt(program: Command, words: readonly string[]): Place {
  const place: Place = { command: program, positional: [], pendingOption: null };
  for (const word of words) {
    if (place.pendingOption !== null) {
      place.pendingOption = null;
    } else if (word.startsWith('-') && word !== '-') {
      const option = optionsOf(place.command).find(({ long, short }) => long === word || short === word);
      place.pendingOption = option?.required || option?.optional ? option : null;
    } else {
      const inner = visibleCommands(place.command).find((each) => each.name() === word);
      if (inner === undefined || place.positional.length > 0) place.positional.push(word);
      else place.command = inner;
    }
  }
  return place;
}

async function candidatesAt(place: Place, last: string, lookup: Lookup): Promise<Completion> {
  if (place.pendingOption !== null) return await optionValues(place.pendingOption, lookup);
  if (last.startsWith('-')) {
    return { candidates: optionsOf(place.command).flatMap(asCandidates), files: false };
  }
  const commands =
    place.positional.length > 0
      ? []
      : visibleCommands(place.command).map((each) => ({
          value: each.name(),
          description: each.description(),
        }));
  const args = place.command.registeredArguments;
  const argument = args[place.positional.length] ?? (args.at(-1)?.variadic ? args.at(-1) : undefined);
  if (argument === undefined) return { candidates: commands, files: false };
  if (argument.argChoices !== undefined) return choices(argument.argChoices);
  const name = argument.name();
  if (name === 'context') return { candidates: commands, files: true };
  const isSetting = commandPath(place.command).startsWith('config');
  const source = isSetting ? SETTINGS : SOURCES[name];
  const names = source === undefined ? [] : await source(lookup, place.positional).catch(() => []);
  return { candidates: [...commands, ...names], files: false };
}

async function optionValues(option: Option, lookup: Lookup): Promise<Completion> {
  if (option.argChoices !== undefined) return choices(option.argChoices);
  if (/<(file|dir)>/.test(option.flags)) return { candidates: [], files: true };
  const source = OPTION_SOURCES[option.attributeName()];
  return { candidates: source === undefined ? [] : await source(lookup, []).catch(() => []), files: false };
}

function choices(values: readonly string[]): Completion {
  return { candidates: values.map((value) => ({ value, description: '' })), files: false };
}

/** Those of the command and of all above it. */
function optionsOf(command: Command): Option[] {
  const above = command.parent === null ? [] : optionsOf(command.parent);
  return [...command.createHelp().visibleOptions(command), ...above].filter(
    (option, index, all) => all.findIndex((each) => each.flags === option.flags) === index,
  );
}

function asCandidates(option: Option): Candidate[] {
  return option.long ? [{ value: option.long, description: option.description }] : [];
}

const pods: Source = async ({ client }) =>
  (await client().listPods()).map(({ name, displayName }) => ({
    value: name,
    description: displayName ?? '',
  }));

const revisions: Source = async ({ client, pod }) =>
  (await client().listRevisions(pod(), { limit: 20 })).items.map(({ version, state, summary }) => ({
    value: String(version),
    description: [state, summary ?? ''].filter(Boolean).join(': '),
  }));

const named =
  (kind: string | null): Source =>
  async ({ client, pod }, positional) =>
    (await client().listResources(pod()))
      .filter(({ content }) => content.kind.toLowerCase() === (kind ?? positional[0]?.toLowerCase()))
      .map(({ content }) => ({ value: content.metadata.name, description: content.kind }));

const SETTINGS: Source = async (_lookup, positional) =>
  positional.length > 0
    ? []
    : CONFIG_KEYS.map((key) => ({ value: key.replaceAll('_', '-'), description: '' }));

/** By the name that a command gives its argument. */
const SOURCES: Readonly<Record<string, Source | undefined>> = {
  pod: pods,
  kind: async () => KIND_NAMES.map((value) => ({ value, description: '' })),
  name: named(null),
  app: named('app'),
  route: named('route'),
  revision: revisions,
  domain: async ({ client, pod }, positional) =>
    (await client().domains.list(positional[0] ?? pod())).map(({ domain, state }) => ({
      value: domain,
      description: state,
    })),
  id: async ({ client }) =>
    (await client().listBlueprints()).map(({ id, name }) => ({ value: id, description: name })),
  key: async ({ client }) =>
    (await client().keys.list()).map(({ id, name }) => ({ value: id, description: name })),
  cluster: async ({ client }) =>
    (await client().listClusters()).map(({ id, region }) => ({ value: id, description: region ?? '' })),
  size: async ({ client }) =>
    (await client().pods.instanceSizes()).map(({ name }) => ({ value: name, description: '' })),
};

const OPTION_SOURCES: Readonly<Record<string, Source | undefined>> = {
  pod: pods,
  revision: revisions,
  base: revisions,
  resource: async ({ client, pod }) =>
    (await client().listResources(pod())).map(({ urn }) => ({ value: urn, description: '' })),
  plan: async ({ client, pod }) => [
    { value: (await client().getPlan(pod())).tag, description: 'the plan as it is now' },
  ],
};
