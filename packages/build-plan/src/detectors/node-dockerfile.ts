import { execForm, PORT } from '../build-plan.ts';
import type { Framework } from './node-frameworks.ts';
import type { PackageManager } from './node-packages.ts';

export type NodeParts = StageParts & { start: readonly string[] };

type StageParts = {
  build: string | null;
  manager: PackageManager | null;
  framework: Framework | null;
  /** What the project calls itself. */
  name: string;
  /** Its packages go on into what runs. */
  keeps: boolean;
};

/** The Dockerfile of a server of Node. */
export function nodeDockerfile(image: string, parts: NodeParts): string {
  const { start, manager, framework } = parts;
  const variables = { NODE_ENV: 'production', PORT: String(PORT), ...framework?.environment };
  const written = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  return `${nodeStages(image, parts)
    .map((stage) => `${stage}\n`)
    .join('')}# What runs.
FROM ${image}
WORKDIR /app
ENV ${written.join(' ')}
${copies(parts, manager)}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(start)}
`;
}

/** What is installed and built, each a stage with its end of line. */
export function nodeStages(image: string, parts: StageParts): string[] {
  const { manager, build } = parts;
  const setUp = manager?.setUp ?? null;
  const below = setUp === null ? image : 'tools';
  const tools = setUp === null ? [] : [toolsStage(image, setUp, manager?.name ?? '')];
  if (build !== null) return [...tools, buildStage(below, build, parts)];
  return manager === null ? tools : [...tools, packagesStage(below, manager)];
}

function copies({ build, framework }: NodeParts, manager: PackageManager | null): string {
  if (build === null) {
    return `${manager === null ? '' : 'COPY --from=packages /app/node_modules ./node_modules\n'}COPY . .`;
  }
  const output = framework?.output;
  if (output === undefined) return 'COPY --from=build /app ./';
  return output.map(({ from, to }) => `COPY --from=build /app/${from} ./${to === '.' ? '' : to}`).join('\n');
}

function toolsStage(image: string, setUp: string, name: string): string {
  return `# ${name} itself, which the image does not bring.
FROM ${image} AS tools
RUN --mount=type=cache,target=/root/.npm ${setUp}
`;
}

function buildStage(below: string, build: string, { manager, framework, name, keeps }: StageParts): string {
  const prune =
    manager === null || !keeps || framework?.output !== undefined
      ? ''
      : `${cached(manager, manager.prune)}\n`;
  const writes = framework?.writes ?? [];
  const own =
    writes.length === 0
      ? ''
      : `# ${framework?.name} writes there while it runs.\nRUN chown -R 1000:1000 ${writes.join(' ')}\n`;
  return `# Tools that only the build needs stay in this stage.
FROM ${below} AS build
WORKDIR /app
${manager === null ? '' : install(manager, manager.installAll)}${manager?.files.includes('.') ? '' : 'COPY . .\n'}RUN ${buildCache(framework, name)}${build}
${prune}${own}`;
}

/** A cache of the project's own: what it holds is not for other projects, and no layer needs it. */
function buildCache(framework: Framework | null, name: string): string {
  if (framework?.cache === undefined) return '';
  const id = `${name.replaceAll(/[^\w.-]+/g, '-')}-${framework.dependency}`;
  return `--mount=type=cache,id=${id},sharing=locked,target=/app/${framework.cache} \\\n    `;
}

function packagesStage(below: string, manager: PackageManager): string {
  return `# Installed apart, so that a changed source line installs nothing anew.
FROM ${below} AS packages
WORKDIR /app
${install(manager, manager.installForProduction)}`;
}

function install(manager: PackageManager, command: string): string {
  return `COPY ${manager.files.join(' ')} ./\n${cached(manager, command)}\n`;
}

function cached({ cache }: PackageManager, command: string): string {
  return `RUN --mount=type=cache,target=${cache} ${command}`;
}
