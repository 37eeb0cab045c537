import {
  ask,
  type BuildPlan,
  type Decision,
  dockerignoreWith,
  execForm,
  type FileTree,
  hasFile,
  type Overrides,
  PORT,
  type Question,
} from '../build-plan.ts';
import { treeBelow } from '../chosen-folder.ts';
import { webOfProcfile, wordsOf } from '../procfile.ts';
import { COPY_NODE, installsBeside, NODE_BESIDE } from './node-beside.ts';

const MIX_FILE = 'mix.exs';
/** Those with images, and the one for who asks for none and for each requirement that allows it. */
const KNOWN = [14, 15, 16, 17, 18, 19];
const USUAL = 18;

type Chosen = { decisions: Decision[]; questions: Question[] };

/** A release of Mix, with all that it needs of Erlang in it. */
export function detectElixir(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const mix = readMix(tree, '');
  if (mix === null) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const chosen = { decisions, questions };
  const members = membersOf(tree, mix.text);
  const all = [mix, ...(members ?? [])];
  const version = chooseElixir(tree, mix.text, overrides, chosen);
  const start = chooseStart(tree, overrides, decisions);
  const release = chooseRelease(mix.text, start?.line, chosen);
  const hasPackages = choosePackages(tree, all, decisions);
  const assets = chooseAssets(tree, all, overrides, chosen);
  if (questions.length > 0 || version === null || release === null) return ask(...questions);
  const isPhoenix = all.some(({ text }) => /\{\s*:phoenix\s*,/.test(text));
  if (isPhoenix) {
    const hasDatabase = all.some(({ text }) => /\{\s*:ecto_sql\s*,/.test(text));
    const needs = ['SECRET_KEY_BASE', 'PHX_HOST', ...(hasDatabase ? ['DATABASE_URL'] : [])];
    const why = 'Phoenix reads it when it starts (config/runtime.exs)';
    decisions.push({ what: `needs ${needs.join(', ')} in the environment of its App`, why, from: MIX_FILE });
  }
  const command = start === null ? [`bin/${release.name}`, 'start'] : wordsOf(start.line);
  decisions.push({
    what: `starts ${execForm(command)}`,
    why: start?.why ?? 'so a release is started',
    from: start?.from ?? null,
  });
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const image = `elixir:1.${version}-slim`;
  return {
    kind: 'planned',
    language: 'Elixir',
    framework: isPhoenix ? 'Phoenix' : null,
    decisions,
    images: [image, ...(assets?.hasNode === true ? [NODE_BESIDE] : [])],
    dockerignore: dockerignoreWith('_build', 'deps', '**/node_modules', '.elixir_ls'),
    dockerfile: dockerfileOf({
      image,
      release,
      hasPackages,
      files: [MIX_FILE, ...(hasFile(tree, 'mix.lock') ? ['mix.lock'] : [])],
      hasConfig: tree.paths.some((path) => path.startsWith('config/')),
      isUmbrella: members !== null,
      assets,
      isPhoenix,
      command,
      overrides,
    }),
  };
}

/** What mix.exs of a folder says, without comments; `folder` is "" at the top, or ends with "/". */
type Mix = { folder: string; text: string };

function readMix(tree: FileTree, folder: string): Mix | null {
  const text = tree.readText(`${folder}${MIX_FILE}`);
  return text === null ? null : { folder, text: text.replaceAll(/^[ \t]*#.*$/gm, '') };
}

/** The projects of an umbrella; null where it is none. */
function membersOf(tree: FileTree, mix: string): Mix[] | null {
  const apps = /\bapps_path:\s*"([\w./-]+)"/.exec(mix)?.[1];
  if (apps === undefined) return null;
  const below = tree.paths.filter((path) => {
    const [app, file, ...others] = path.startsWith(`${apps}/`) ? path.slice(apps.length + 1).split('/') : [];
    return app !== undefined && file === MIX_FILE && others.length === 0;
  });
  return below.sort().flatMap((path) => readMix(tree, path.slice(0, -MIX_FILE.length)) ?? []);
}

function choosePackages(tree: FileTree, all: readonly Mix[], decisions: Decision[]): boolean {
  const hasPackages = all.some(({ text }) =>
    [...text.matchAll(/\{\s*:\w+\s*,([^{}]*)\}/g)].some(([, told = '']) => !/\bin_umbrella:/.test(told)),
  );
  if (!hasPackages) return false;
  const isPinned = hasFile(tree, 'mix.lock');
  decisions.push({
    what: `installs with Mix${isPinned ? '' : ', the versions not pinned'}`,
    why: isPinned ? 'its lock file is there' : 'no mix.lock says which; "mix deps.get" writes one',
    from: isPinned ? 'mix.lock' : MIX_FILE,
  });
  return true;
}

type Start = { line: string; why: string; from: string | null };

/** What is said of its start; null where nothing is. Beside a release there is neither Mix nor a build of it. */
function chooseStart(tree: FileTree, { start }: Overrides, decisions: Decision[]): Start | null {
  if (start !== undefined) return { line: start, why: 'you said so', from: null };
  const web = webOfProcfile(tree)?.replaceAll(/(?:\.?\/)?_build\/\w+\/rel\/\w+\//g, '');
  if (web === undefined) return null;
  if (!/\b(mix|elixir|iex)\b/.test(web)) {
    return { line: web, why: 'it is what the web process runs', from: 'Procfile' };
  }
  const why = 'a release is started, and there is no Mix beside it';
  decisions.push({ what: `passes over "${web}"`, why, from: 'Procfile' });
  return null;
}

type Assets = { command: string; hasNode: boolean } | null;

function chooseAssets(
  tree: FileTree,
  all: readonly Mix[],
  { build }: Overrides,
  { decisions, questions }: Chosen,
): Assets {
  const makes = all.filter(({ text }) => /"assets\.deploy"|\bassets\.deploy:/.test(text));
  // What the top does, it does for all.
  const chosen = makes[0]?.folder === '' ? makes.slice(0, 1) : makes;
  const deploys = chosen.map(({ folder }) =>
    folder === '' ? 'mix assets.deploy' : `(cd ${folder.slice(0, -1)} && mix assets.deploy)`,
  );
  const command = build ?? deploys.join(' && ');
  if (command === '') return null;
  decisions.push({
    what: `makes what browsers get with "${command}"`,
    why: build === undefined ? 'there is a task of that name' : 'you said so',
    from: build === undefined ? `${chosen[0]?.folder ?? ''}${MIX_FILE}` : null,
  });
  const installs = all.flatMap(({ folder }) => {
    const below = `${folder}assets`;
    const own: Decision[] = [];
    const steps = installsBeside(treeBelow(tree, below), { decisions: own, questions });
    decisions.push(...own.map((each) => ({ ...each, from: each.from && `${below}/${each.from}` })));
    return steps === null ? [] : [`(${[`cd ${below}`, ...steps].join(' && ')})`];
  });
  return { command: [...installs, command].join(' && '), hasNode: installs.length > 0 };
}

function chooseElixir(
  tree: FileTree,
  mix: string,
  { elixirVersion }: Overrides,
  { decisions, questions }: Chosen,
): number | null {
  const places = [
    { from: null, text: elixirVersion },
    { from: '.elixir-version', text: tree.readText('.elixir-version')?.trim() },
    { from: '.tool-versions', text: /^elixir\s+(\S+)/m.exec(tree.readText('.tool-versions') ?? '')?.[1] },
    { from: MIX_FILE, text: /\belixir:\s*"([^"]+)"/.exec(mix)?.[1] },
  ];
  const found = places.find(({ text }) => text !== undefined);
  if (found?.text === undefined) {
    decisions.push({ what: `Elixir 1.${USUAL}`, why: 'nothing asks for another', from: null });
    return USUAL;
  }
  const { from, text } = found;
  const right = KNOWN.filter((minor) => text.split(/\s+or\s+/).some((part) => isMet(minor, part)));
  const version = right.includes(USUAL) ? USUAL : right.at(-1);
  if (version === undefined) {
    questions.push({
      name: 'elixirVersion',
      seen: `${from ?? 'The override'} asks for Elixir "${text}".`,
      answer: `Name one of ${KNOWN.map((minor) => `1.${minor}`).join(', ')}.`,
    });
    return null;
  }
  const why = from === null ? 'you said so' : `"${text}" is asked for`;
  decisions.push({ what: `Elixir 1.${version}`, why, from });
  return version;
}

/** As Elixir's Version reads requirements (https://hexdocs.pm/elixir/Version.html), of 1.minor with the newest of its patches. */
function isMet(minor: number, requirement: string): boolean {
  return requirement.split(/\s+and\s+/).every((part) => {
    const bound = /^\s*(~>|>=|<=|==|!=|>|<)?\s*1\.(\d+)(?:\.(\d+))?[\w.-]*\s*$/.exec(part);
    if (bound === null) return false;
    const [, operator = '==', text, patch] = bound;
    const order = minor - Number(text);
    switch (operator) {
      case '>=':
      case '>':
        return order >= 0;
      case '<':
        return order < 0;
      case '<=':
        return order <= 0;
      case '!=':
        return patch !== undefined || order !== 0;
      case '~>':
        return patch === undefined ? order >= 0 : order === 0;
      default:
        return order === 0;
    }
  });
}

/** The name of the release: that of the app, unless releases are named. */
function chooseRelease(mix: string, start: string | undefined, { questions }: Chosen): Release | null {
  const releases = releasesIn(mix);
  const app = /\bapp:\s*:(\w+)/.exec(mix)?.[1];
  const told = /^(?:\S*\/)?bin\/(\w+)\s+start\b/.exec(start ?? '')?.[1];
  const [name = app] = told === undefined ? releases : [told];
  if (told === undefined && releases.length > 1) {
    questions.push({
      name: 'start',
      seen: `${MIX_FILE} names the releases ${releases.join(', ')}.`,
      answer: `Say which is started, as in "bin/${releases[0]} start".`,
    });
    return null;
  }
  if (name === undefined) {
    questions.push({
      name: null,
      seen: `${MIX_FILE} names neither an app nor a release.`,
      answer: 'Name one under "releases" in it.',
    });
    return null;
  }
  return { name, isNamed: releases.includes(name) };
}

/** The names of a keyword list `releases: [web: [...], worker: [...]]`. */
function releasesIn(mix: string): string[] {
  const begin = /\breleases:\s*\[/.exec(mix);
  if (begin === null) return [];
  const names: string[] = [];
  let depth = 1;
  const parts = /([[({])|([\])}])|\b(\w+):\s/g;
  parts.lastIndex = begin.index + begin[0].length;
  for (let part = parts.exec(mix); part !== null && depth > 0; part = parts.exec(mix)) {
    const [, opening, closing, name] = part;
    if (opening !== undefined) depth += 1;
    else if (closing !== undefined) depth -= 1;
    else if (depth === 1 && name !== undefined) names.push(name);
  }
  return names;
}

type Release = {
  name: string;
  /** Mix knows it by that name; else it is the only one, which has the app's. */
  isNamed: boolean;
};

type Parts = {
  image: string;
  release: Release;
  hasPackages: boolean;
  files: readonly string[];
  hasConfig: boolean;
  /** Each of its apps has a file of its own that says what it uses. */
  isUmbrella: boolean;
  assets: Assets;
  isPhoenix: boolean;
  command: readonly string[];
  overrides: Overrides;
};

function dockerfileOf(parts: Parts): string {
  const { image, release, hasPackages, files, hasConfig, isUmbrella, assets, isPhoenix, command, overrides } =
    parts;
  const install = overrides.install ?? 'mix deps.get --only prod';
  const isWhole = isUmbrella || overrides.install !== undefined;
  const packages = [
    'RUN apt-get update && apt-get install -y --no-install-recommends build-essential git && rm -rf /var/lib/apt/lists/*',
    'RUN mix local.hex --force && mix local.rebar --force',
    ...(isWhole ? ['COPY . .'] : [`COPY ${files.join(' ')} ./`]),
    `RUN --mount=type=cache,target=/root/.cache ${install}`,
    ...(hasConfig && !isWhole ? ['COPY config ./config'] : []),
    'RUN mix deps.compile',
  ];
  const variables = {
    LANG: 'C.UTF-8',
    PORT: String(PORT),
    // It listens for no other node, and writes nothing beside itself.
    ...{ RELEASE_DISTRIBUTION: 'none', RELEASE_TMP: '/tmp' },
    ...(isPhoenix ? { PHX_SERVER: 'true' } : {}),
  };
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return `# Source and compilers stay in this stage.
FROM ${image} AS build
WORKDIR /src
ENV MIX_ENV=prod LANG=C.UTF-8
${hasPackages ? `${packages.join('\n')}\n` : ''}${hasPackages && isWhole ? '' : 'COPY . .\n'}${assets === null ? '' : `${assets.hasNode ? COPY_NODE : ''}RUN ${assets.command}\n`}RUN mix release ${release.isNamed ? `${release.name} ` : ''}--path /release

# What runs. Of the same image, whose libraries the release was made with.
FROM ${image}
WORKDIR /app
ENV ${written.join(' \\\n    ')}
COPY --from=build /release ./
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(command)}
`;
}
