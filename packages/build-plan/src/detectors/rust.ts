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
import { readToml, type Table, tableAt, textAt } from '../toml.ts';

const RUNTIME = 'debian:trixie-slim';
const FRAMEWORKS = { 'actix-web': 'Actix', axum: 'Axum', rocket: 'Rocket', warp: 'warp', poem: 'Poem' };
/** What has to be told where to listen by names of its own. */
const TOLD: Readonly<Record<string, Record<string, string>>> = {
  Rocket: { ROCKET_ADDRESS: '0.0.0.0', ROCKET_PORT: String(PORT) },
};

type Chosen = { decisions: Decision[]; questions: Question[] };

/**
 * A package with a lock file and one program, or with one that is run by default. `whole` is the tree of its workspace, which
 * it is built in, and `tree` is then what is below its own folder.
 */
export function detectRust(
  tree: FileTree,
  overrides: Overrides,
  whole: FileTree | null = null,
): BuildPlan | null {
  const text = tree.readText('Cargo.toml');
  if (text === null) return null;
  const manifest = readToml(text);
  if (manifest === null)
    return ask({ name: null, seen: 'Cargo.toml is no TOML.', answer: 'Correct Cargo.toml.' });
  const chosen: Chosen = { decisions: [], questions: [] };
  const top = whole ?? tree;
  const image = chooseImage(top, overrides, chosen);
  const program = chooseProgram(tree, manifest, chosen);
  if (!hasFile(top, 'Cargo.lock')) {
    const seen = 'There is no Cargo.lock to say which versions.';
    chosen.questions.push({ name: null, seen, answer: 'Run "cargo generate-lockfile" and keep it.' });
  }
  if (chosen.questions.length > 0 || program === null) return ask(...chosen.questions);
  const { decisions } = chosen;
  const dependencies = tableAt(manifest, 'dependencies');
  const framework =
    Object.entries(FRAMEWORKS).find(([name]) => Object.hasOwn(dependencies, name))?.[1] ?? null;
  const command = overrides.start === undefined ? ['/app'] : wordsOf(overrides.start);
  if (overrides.start !== undefined) {
    decisions.push({ what: `starts ${execForm(command)}`, why: 'you said so', from: null });
  }
  const needsOpenssl = /^name = "openssl-sys"$/m.test(top.readText('Cargo.lock') ?? '');
  if (needsOpenssl) {
    decisions.push({ what: 'OpenSSL is in the image', why: 'openssl-sys links with it', from: 'Cargo.lock' });
  }
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const environment = { PORT: String(PORT), ...(framework === null ? {} : TOLD[framework]) };
  return {
    kind: 'planned',
    language: 'Rust',
    framework,
    decisions,
    images: [image, RUNTIME],
    dockerignore: dockerignoreWith('target'),
    dockerfile: dockerfile({
      ...{ image, program, command, needsOpenssl, environment, overrides },
      only: whole === null ? null : textAt(tableAt(manifest, 'package'), 'name'),
    }),
  };
}

/** Newer compilers build what older ones did, so that only a pinned one is another than the newest. */
function chooseImage(tree: FileTree, { rustVersion }: Overrides, { decisions, questions }: Chosen): string {
  const file = ['rust-toolchain.toml', 'rust-toolchain'].find((path) => hasFile(tree, path));
  const text = file === undefined ? null : tree.readText(file);
  const channel = /^[ \t]*channel\s*=\s*["']([^"']+)["']/m.exec(text ?? '')?.[1] ?? text?.trim() ?? null;
  const asked = rustVersion ?? channel ?? 'stable';
  const from = rustVersion === undefined ? (file ?? null) : null;
  if (asked === 'stable' || asked === '1') {
    const why = from === null ? 'nothing asks for another' : 'it is asked for';
    decisions.push({ what: 'Rust, the newest', why, from });
    return 'rust:1-slim-trixie';
  }
  const version = /^1\.\d+(\.\d+)?$/.exec(asked)?.[0];
  if (version === undefined) {
    questions.push({
      name: 'rustVersion',
      seen: `${from ?? 'The override'} asks for Rust "${asked}".`,
      answer: 'Name one version, such as 1.85.',
    });
    return '';
  }
  decisions.push({ what: `Rust ${version}`, why: 'it is asked for', from });
  // There is one of each version on this release, and what is built there runs on newer ones.
  return `rust:${version}-slim-bookworm`;
}

function chooseProgram(tree: FileTree, manifest: Table, { decisions, questions }: Chosen): string | null {
  const name = textAt(tableAt(manifest, 'package'), 'name');
  if (name === null) {
    const seen = 'Cargo.toml is of a workspace.';
    questions.push({ name: 'directory', seen, answer: 'Say which folder is to be built.' });
    return null;
  }
  const listed = Array.isArray(manifest.bin) ? manifest.bin : [];
  const programs = new Set([
    ...listed.flatMap((bin: unknown) =>
      typeof bin === 'object' && bin !== null && 'name' in bin ? [bin.name] : [],
    ),
    ...(hasFile(tree, 'src/main.rs') && listed.length === 0 ? [name] : []),
    ...tree.paths.flatMap((path) => /^src\/bin\/([\w-]+)(?:\.rs|\/main\.rs)$/.exec(path)?.[1] ?? []),
  ]);
  const told = textAt(tableAt(manifest, 'package'), 'default-run');
  const program = told ?? (programs.size === 1 ? [...programs][0] : programs.has(name) ? name : undefined);
  if (typeof program !== 'string' || !/^[\w-]+$/.test(program)) {
    const seen =
      programs.size === 0 ? 'There is no src/main.rs.' : `Programs: ${[...programs].sort().join(', ')}.`;
    questions.push({ name: null, seen, answer: 'Name the one to run as default-run in Cargo.toml.' });
    return null;
  }
  const why =
    told !== null
      ? 'it is the default'
      : programs.size === 1
        ? 'it is the only program'
        : 'it is named like the package';
  decisions.push({ what: `builds ${program}`, why, from: 'Cargo.toml' });
  return program;
}

type Parts = {
  image: string;
  program: string;
  command: readonly string[];
  needsOpenssl: boolean;
  environment: Readonly<Record<string, string>>;
  overrides: Overrides;
  /** The package that is built of several; null where there is one. */
  only: string | null;
};

function dockerfile(parts: Parts): string {
  const { image, program, command, needsOpenssl, environment, overrides, only } = parts;
  const install = (packages: string): string =>
    `RUN apt-get update && apt-get install -y --no-install-recommends ${packages} && rm -rf /var/lib/apt/lists/*\n`;
  const written = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const of = only === null ? '' : `--package ${only} `;
  const build = overrides.build ?? `cargo build --release --locked ${of}--bin ${program}`;
  return `# The toolchain stays here: only the program goes on.
FROM ${image} AS build
${needsOpenssl ? install('libssl-dev pkg-config') : ''}WORKDIR /src
${overrides.install === undefined ? '' : `RUN ${overrides.install}\n`}COPY . .
# Dependencies that were compiled before are kept beside the layers. What is here counts as new, whatever its time says.
RUN --mount=type=cache,target=/usr/local/cargo/registry \\
    --mount=type=cache,id=${program}-target,sharing=locked,target=/src/target \\
    find . -path ./target -prune -o -type f -exec touch {} + && \\
    ${build} && \\
    cp target/release/${program} /app

# The program, and the certificates it trusts.
FROM ${RUNTIME}
${needsOpenssl ? install('libssl3') : ''}COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /app /app
ENV ${written.join(' ')}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(command)}
`;
}
