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
import { wordsOf } from '../procfile.ts';

const MIX_FILE = 'mix.exs';
/** Those with images, and the one for who asks for none and for each requirement that allows it. */
const KNOWN = [14, 15, 16, 17, 18, 19];
const USUAL = 18;

/** A release of Mix, with all that it needs of Erlang in it. */
export function detectElixir(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const text = tree.readText(MIX_FILE);
  if (text === null) return null;
  const mix = text.replaceAll(/^\s*#.*$/gm, '');
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const version = chooseElixir(tree, mix, overrides, { decisions, questions });
  const release = chooseRelease(mix, overrides, { decisions, questions });
  if (questions.length > 0 || version === null || release === null) return ask(...questions);
  const isPhoenix = /\{\s*:phoenix\s*,/.test(mix);
  const hasPackages = /\{\s*:\w+\s*,/.test(mix);
  if (hasPackages) {
    const isPinned = hasFile(tree, 'mix.lock');
    decisions.push({
      what: `installs with Mix${isPinned ? '' : ', the versions not pinned'}`,
      why: isPinned ? 'its lock file is there' : 'no mix.lock says which; "mix deps.get" writes one',
      from: isPinned ? 'mix.lock' : MIX_FILE,
    });
  }
  if (isPhoenix) {
    const needs = [
      'SECRET_KEY_BASE',
      'PHX_HOST',
      ...(/\{\s*:ecto_sql\s*,/.test(mix) ? ['DATABASE_URL'] : []),
    ];
    const why = 'Phoenix reads it when it starts (config/runtime.exs)';
    decisions.push({ what: `needs ${needs.join(', ')} in the environment of its App`, why, from: MIX_FILE });
  }
  const command = overrides.start === undefined ? [`bin/${release.name}`, 'start'] : wordsOf(overrides.start);
  decisions.push({
    what: `starts ${execForm(command)}`,
    why: overrides.start === undefined ? 'so a release is started' : 'you said so',
    from: null,
  });
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const image = `elixir:1.${version}-slim`;
  return {
    kind: 'planned',
    language: 'Elixir',
    framework: isPhoenix ? 'Phoenix' : null,
    decisions,
    images: [image],
    dockerignore: dockerignoreWith('_build', 'deps', '**/node_modules', '.elixir_ls'),
    dockerfile: dockerfileOf({
      image,
      release,
      hasPackages,
      files: [MIX_FILE, ...(hasFile(tree, 'mix.lock') ? ['mix.lock'] : [])],
      hasConfig: tree.paths.some((path) => path.startsWith('config/')),
      isUmbrella: /\bapps_path:/.test(mix),
      assets: /"assets\.deploy"|\bassets\.deploy:/.test(mix),
      isPhoenix,
      command,
      overrides,
    }),
  };
}

function chooseElixir(
  tree: FileTree,
  mix: string,
  { elixirVersion }: Overrides,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
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
  const version = right.includes(USUAL) ? USUAL : right[0];
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
function chooseRelease(
  mix: string,
  { start }: Overrides,
  { questions }: { decisions: Decision[]; questions: Question[] },
): Release | null {
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
  assets: boolean;
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
  const build = overrides.build ?? (assets ? 'mix assets.deploy' : null);
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
${hasPackages ? `${packages.join('\n')}\n` : ''}${hasPackages && isWhole ? '' : 'COPY . .\n'}${build === null ? '' : `RUN ${build}\n`}RUN mix release ${release.isNamed ? `${release.name} ` : ''}--path /release

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
