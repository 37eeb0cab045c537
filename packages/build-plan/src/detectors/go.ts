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
import { webOfProcfile, wordsOf } from '../procfile.ts';

// The oldest that is looked after. A go line says the least that is needed, and newer ones build it as it asks.
const OLDEST_MINOR = 26;

/** Where a module or a program is in what it is built with. */
export type GoPlace = {
  /** The module's folder in the whole, which is all copied; null where the module is the whole. */
  module: string | null;
  /** The folder that is built, as the go tool is told; null where it is to be found. */
  program: string | null;
  /** The text whose go line counts; null for go.mod's. */
  version: string | null;
};

/**
 * A module whose one program is at the root or alone in cmd/, or named like the module. `place` for one that is built where
 * it is in a larger tree.
 */
export function detectGo(
  tree: FileTree,
  overrides: Overrides,
  place: GoPlace | null = null,
): BuildPlan | null {
  const module = tree.readText('go.mod');
  if (module === null) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const version = chooseVersion(place?.version ?? module, overrides, { decisions, questions });
  const programs = place?.program == null ? findPrograms(tree) : [place.program];
  const last = /^module[ \t]+\S*?([\w.-]+?)(\/v\d+)?$/m.exec(module)?.[1];
  const program = programs.length === 1 ? programs[0] : programs.find((each) => each === `./cmd/${last}`);
  if (program === undefined) {
    questions.push(
      programs.length === 0
        ? {
            name: null,
            seen: 'No "package main" at the root or in cmd/.',
            answer: 'Choose the folder that holds one, or add a Dockerfile.',
          }
        : {
            name: 'directory',
            seen: `Programs: ${programs.join(', ')}.`,
            answer: 'Say the folder of the one to run.',
          },
    );
  }
  if (questions.length > 0 || program === undefined) return ask(...questions);
  const why = programs.length === 1 ? 'it is the only program' : 'it is named like the module';
  decisions.push({ what: `builds ${program}`, why, from: null });
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const command = chooseCommand(tree, overrides, decisions);
  const image = `golang:${version}`;
  return {
    kind: 'planned',
    language: 'Go',
    framework: null,
    decisions,
    images: [image],
    dockerignore: dockerignoreWith(),
    dockerfile: dockerfile(image, {
      program,
      command,
      hasSums: hasFile(tree, 'go.sum'),
      isVendored: hasFile(tree, 'vendor/modules.txt'),
      overrides,
      place,
    }),
  };
}

function chooseVersion(
  module: string,
  { goVersion }: Overrides,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): string {
  const said = /^1\.(\d+)(?:\.\d+)?$/.exec(goVersion ?? '')?.[1];
  const least = /^go[ \t]+1\.(\d+)/m.exec(module)?.[1];
  if (goVersion !== undefined && said === undefined) {
    questions.push({
      name: 'goVersion',
      seen: `The override asks for Go "${goVersion}".`,
      answer: 'Name one version, such as 1.26.',
    });
  }
  if (said !== undefined) {
    decisions.push({ what: `Go 1.${said}`, why: 'you said so', from: null });
    return `1.${said}`;
  }
  if (least === undefined) {
    questions.push({ name: null, seen: 'go.mod names no version of Go.', answer: 'Run "go mod tidy".' });
    return '';
  }
  const isOld = Number(least) < OLDEST_MINOR;
  const why = isOld
    ? `1.${least} is the least it needs, and is not looked after any more`
    : 'its go line asks for it';
  const minor = Math.max(Number(least), OLDEST_MINOR);
  decisions.push({ what: `Go 1.${minor}`, why, from: 'go.mod' });
  return `1.${minor}`;
}

/** Nothing but the program is in the image: of a Procfile's line only what follows the program counts. */
function chooseCommand(tree: FileTree, { start }: Overrides, decisions: Decision[]): readonly string[] {
  if (start !== undefined) {
    const command = start.trim().split(/\s+/);
    decisions.push({ what: `starts ${execForm(command)}`, why: 'you said so', from: null });
    return command;
  }
  const [first, ...words] = wordsOf(webOfProcfile(tree) ?? '');
  if (words.length === 0 || first === 'sh') return ['/app'];
  const command = ['/app', ...words];
  decisions.push({
    what: `starts ${execForm(command)}`,
    why: 'it is what the web process runs',
    from: 'Procfile',
  });
  return command;
}

function findPrograms(tree: FileTree): string[] {
  const folders = tree.paths.flatMap((path) => {
    const folder = /^(cmd\/[\w.-]+\/)?[\w.-]+\.go$/.exec(path);
    if (folder === null || path.endsWith('_test.go')) return [];
    return /^package[ \t]+main\b/m.test(tree.readText(path) ?? '')
      ? [`./${folder[1]?.slice(0, -1) ?? ''}`]
      : [];
  });
  return [...new Set(folders)].sort();
}

type Parts = {
  program: string;
  command: readonly string[];
  hasSums: boolean;
  isVendored: boolean;
  overrides: Overrides;
  place: GoPlace | null;
};

function dockerfile(image: string, parts: Parts): string {
  const { program, command, hasSums, isVendored, overrides, place } = parts;
  const { install, build } = overrides;
  const modules = '--mount=type=cache,target=/go/pkg/mod';
  const download = `COPY go.mod ${hasSums ? 'go.sum ' : ''}./\nRUN ${modules} go mod download\n`;
  const source = place?.module == null ? 'COPY . .\n' : `COPY . .\nWORKDIR /src/${place.module}\n`;
  const needsNone = isVendored || place?.module != null;
  const fetched =
    install === undefined ? (needsNone ? '' : download) : `${source}RUN ${modules} ${install}\n`;
  const compiled = `CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags="-s -w" -o /app ${program}`;
  return `# The toolchain stays here: only the program goes on.
FROM ${image} AS build
WORKDIR /src
${fetched}${install === undefined ? source : ''}# Static and with time zones inside, since nothing else is in the image that runs.
RUN ${modules} --mount=type=cache,target=/root/.cache/go-build \\
    ${build ?? compiled}

# The program and the certificates it trusts, and nothing else.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /app /app
ENV PORT=${PORT}
USER 1000
EXPOSE ${PORT}
CMD ${execForm(command)}
`;
}
