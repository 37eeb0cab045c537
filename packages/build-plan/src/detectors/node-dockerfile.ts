import { execForm, PORT } from '../build-plan.ts';
import type { Framework } from './node-frameworks.ts';
import type { PackageManager } from './node-package-manager.ts';
import type { Member } from './node-workspace.ts';

export type NodeParts = StageParts & { start: readonly string[] };

type StageParts = {
  build: string | null;
  /** Folders of the whole that are built before, each by `run`. */
  before: readonly string[];
  run: string;
  manager: PackageManager | null;
  framework: Framework | null;
  /** What the project calls itself. */
  name: string;
  /** Its packages go on into what runs. */
  keeps: boolean;
  /** The build leaves them as they were installed. */
  leavesPackages: boolean;
  /** Null where it is installed alone. */
  member: Member | null;
};

const PROGRAMS = 'node_modules/.bin/';

/** The Dockerfile of a server of Node. */
export function nodeDockerfile(image: string, parts: NodeParts): string {
  const { start, manager, framework } = parts;
  const { words, path } = programOf(start, parts);
  const variables = { NODE_ENV: 'production', PORT: String(PORT), ...path, ...framework?.environment };
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return `${nodeStages(image, parts)
    .map((stage) => `${stage}\n`)
    .join('')}# What runs.
FROM ${isRunBy(manager, start) ? 'tools' : image}
WORKDIR ${folderOf(parts)}
ENV ${written.join(' ')}
${copies(parts, manager)}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(words)}
`;
}

/** Where a package's program is: in a workspace that may be at the top as well. */
function programOf(
  start: readonly string[],
  { member }: StageParts,
): { words: readonly string[]; path: Record<string, string> } {
  const [program = '', ...rest] = start;
  if (member === null || !program.startsWith(PROGRAMS)) return { words: start, path: {} };
  const folders = [folderOf({ member }), '/app'].map((folder) => `${folder}/${PROGRAMS.slice(0, -1)}`);
  return {
    words: [program.slice(PROGRAMS.length), ...rest],
    path: { PATH: `${folders.join(':')}:$PATH` },
  };
}

function isRunBy(manager: PackageManager | null, start: readonly string[]): boolean {
  return manager?.runtime != null && manager.setUp !== null && start[0] === manager.runtime;
}

/** Where the project is in each stage. */
export function folderOf({ member }: { member: Member | null }): string {
  return member === null ? '/app' : `/app/${member.folder}`;
}

/** What is installed and built, each a stage with its end of line. */
export function nodeStages(image: string, parts: StageParts): string[] {
  const { manager } = parts;
  const setUp = manager?.setUp ?? null;
  const below = setUp === null ? image : 'tools';
  const tools = setUp === null ? [] : [toolsStage(image, setUp, manager)];
  if (manager !== null && isApart(parts)) {
    return [...tools, packagesStage(below, manager), ...buildStagesApart(below, manager, parts)];
  }
  if (isBuilt(parts)) return [...tools, buildStage(below, parts)];
  return manager === null ? tools : [...tools, packagesStage(below, manager)];
}

/** More than packages comes of what is done before it runs. */
function isBuilt({ build, member, manager }: StageParts): boolean {
  return build !== null || member !== null || manager?.runsScripts === true;
}

/**
 * The packages that it runs with can be installed beside those that build it: then a changed line changes no layer with packages, and
 * nothing has to be taken away. Only where both times the same versions are installed.
 */
function isApart({ build, manager, framework, keeps, member, leavesPackages }: StageParts): boolean {
  if (manager === null || manager.hasState === true) return false;
  const isPinned = manager.files.some((file) => /lock/.test(file));
  const isWhole = member === null && framework?.output === undefined;
  return build !== null && keeps && leavesPackages && isPinned && isWhole;
}

function copies(parts: NodeParts, manager: PackageManager | null): string {
  const { framework, member } = parts;
  if (isApart(parts)) {
    return 'COPY --from=packages /app/node_modules ./node_modules\nCOPY --from=build /app ./';
  }
  if (!isBuilt(parts)) {
    return `${manager === null ? '' : 'COPY --from=packages /app/node_modules ./node_modules\n'}COPY . .`;
  }
  const output = framework?.output;
  if (output === undefined) return `COPY --from=build /app ${member === null ? './' : '/app'}`;
  // What Next.js traced lies as in the whole.
  const top = member === null ? './' : '/app/';
  return output
    .map(({ from, to }) => `COPY --from=build ${folderOf(parts)}/${from} ${to === '.' ? top : `./${to}`}`)
    .join('\n');
}

function toolsStage(image: string, setUp: string, manager: PackageManager | null): string {
  const { name = '', environment = {} } = manager ?? {};
  const variables = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
  const told = variables.length === 0 ? '' : `ENV ${variables.join(' ')}\n`;
  return `# ${name} itself, which the image does not bring.
FROM ${image} AS tools
${told}RUN --mount=type=cache,target=/root/.npm ${setUp}
`;
}

function buildStage(below: string, parts: StageParts): string {
  const { build, manager, framework, keeps, member } = parts;
  const lines = [
    '# Tools that only the build needs stay in this stage.',
    `FROM ${below} AS build`,
    'WORKDIR /app',
  ];
  if (manager !== null) lines.push(install(manager, manager.installAll, member));
  if (manager?.files.includes('.') !== true) lines.push('COPY . .');
  for (const folder of parts.before) lines.push(`WORKDIR /app/${folder}`, `RUN ${parts.run}`);
  if (member !== null && build !== null) lines.push(`WORKDIR ${folderOf(parts)}`);
  if (build !== null) lines.push(`RUN ${buildCache(parts)}${build}`);
  const isElsewhere = parts.before.length > 0 || (member !== null && build !== null);
  const inWhole = isElsewhere ? ['WORKDIR /app'] : [];
  if (manager !== null && keeps && framework?.output === undefined) {
    lines.push(...inWhole, cached(manager, manager.prune));
  }
  lines.push(...ownsWhatItWrites(parts));
  return `${lines.join('\n')}\n`;
}

function buildStagesApart(below: string, manager: PackageManager, parts: StageParts): string[] {
  const all = `# What it is built with stays in this stage.
FROM ${below} AS all-packages
WORKDIR /app
${install(manager, manager.installAll, null)}
`;
  const mount = '--mount=type=bind,from=all-packages,source=/app/node_modules,target=/app/node_modules,rw';
  const lines = [
    `FROM ${below} AS build`,
    'WORKDIR /app',
    'COPY . .',
    `RUN ${mount} \\\n    ${buildCache(parts)}${parts.build}`,
    ...ownsWhatItWrites(parts),
  ];
  return [all, `${lines.join('\n')}\n`];
}

function ownsWhatItWrites(parts: StageParts): string[] {
  const { framework } = parts;
  const writes = (framework?.writes ?? []).map((path) => writtenIn(path, parts));
  if (writes.length === 0) return [];
  return [`# ${framework?.name} writes there while it runs.`, `RUN chown -R 1000:1000 ${writes.join(' ')}`];
}

function writtenIn(path: string, { member }: StageParts): string {
  if (member === null) return path;
  const [standalone] = path.match(/^\.next\/standalone/) ?? [];
  const inside =
    standalone === undefined ? path : `${standalone}/${member.folder}${path.slice(standalone.length)}`;
  return `/app/${member.folder}/${inside}`;
}

/** A cache of the project's own: what it holds is not for other projects, and no layer needs it. */
function buildCache(parts: StageParts): string {
  const { framework, name } = parts;
  if (framework?.cache === undefined) return '';
  const id = `${name.replaceAll(/[^\w.-]+/g, '-')}-${framework.dependency}`;
  return `--mount=type=cache,id=${id},sharing=locked,target=${folderOf(parts)}/${framework.cache} \\\n    `;
}

function packagesStage(below: string, manager: PackageManager): string {
  return `# Installed apart, so that a changed source line installs nothing anew.
FROM ${below} AS packages
WORKDIR /app
${install(manager, manager.installForProduction, null)}
`;
}

function install(manager: PackageManager, command: string, member: Member | null): string {
  const others = manager.files.includes('.') ? [] : (member?.folders ?? []);
  const manifests = others.map((folder) => `COPY ${folder}/package.json ${folder}/`);
  return [`COPY ${manager.files.join(' ')} ./`, ...manifests, cached(manager, command)].join('\n');
}

function cached({ cache }: PackageManager, command: string): string {
  return `RUN --mount=type=cache,target=${cache} ${command}`;
}
