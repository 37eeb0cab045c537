import {
  ask,
  type BuildPlan,
  type Decision,
  execForm,
  type FileTree,
  hasFile,
  type Overrides,
  PORT,
} from '../build-plan.ts';

/** A module whose one program is at the root or alone in cmd/. */
export function detectGo(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const module = tree.readText('go.mod');
  if (module === null) return null;
  const version = /^go[ \t]+(\d+\.\d+)/m.exec(module)?.[1];
  if (version === undefined)
    return ask({ name: null, seen: 'go.mod names no version of Go.', answer: 'Run "go mod tidy".' });
  const programs = findPrograms(tree);
  const [program] = programs;
  if (program === undefined || programs.length > 1) {
    return ask({
      name: null,
      seen:
        programs.length === 0
          ? 'No "package main" at the root or in cmd/.'
          : `Programs: ${programs.join(', ')}.`,
      answer: 'Add a Dockerfile that builds the one to run.',
    });
  }
  const image = `golang:${version}`;
  const decisions: Decision[] = [
    { what: `Go ${version}`, why: 'its go line asks for it', from: 'go.mod' },
    { what: `builds ${program}`, why: 'it is the only program', from: null },
    { what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null },
  ];
  const command = overrides.start === undefined ? ['/app'] : overrides.start.trim().split(/\s+/);
  if (overrides.start !== undefined)
    decisions.push({ what: `starts ${execForm(command)}`, why: 'you said so', from: null });
  return {
    kind: 'planned',
    language: 'Go',
    framework: null,
    decisions,
    images: [image],
    dockerignore: '.git\n.env*\nDockerfile\n.dockerignore\n',
    dockerfile: dockerfile(image, program, command, hasFile(tree, 'go.sum')),
  };
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

function dockerfile(image: string, program: string, command: readonly string[], hasSums: boolean): string {
  return `# The toolchain stays here: only the program goes on.
FROM ${image} AS build
WORKDIR /src
COPY go.mod ${hasSums ? 'go.sum ' : ''}./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
# Static and with time zones inside, since nothing else is in the image that runs.
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \\
    CGO_ENABLED=0 go build -trimpath -tags timetzdata -ldflags="-s -w" -o /app ${program}

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
