import {
  ask,
  type BuildPlan,
  type Decision,
  execForm,
  type FileTree,
  hasFile,
  type Overrides,
  PORT,
  type Question,
} from '../build-plan.ts';

type Manifest = {
  scripts: Record<string, string>;
  engine: string | null;
  hasDependencies: boolean;
  isWorkspace: boolean;
};

const DEFAULT_MAJOR = 24;
const OTHER_LOCKS = ['pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'];

/** A server of Node with npm, or without any dependency. */
export function detectNode(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const text = tree.readText('package.json');
  if (text === null) return null;
  const manifest = readManifest(text);
  if (manifest === null)
    return ask({ name: null, seen: 'package.json is no JSON object.', answer: 'Correct package.json.' });
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const major = chooseMajor(tree, manifest, overrides, decisions, questions);
  const start = chooseStart(manifest, overrides, decisions, questions);
  askForLock(tree, manifest, questions);
  if (questions.length > 0 || start === null) return ask(...questions);
  const build = overrides.build ?? (manifest.scripts.build === undefined ? null : 'npm run build');
  if (build !== null)
    decisions.push({
      what: `builds with "${build}"`,
      why: overrides.build === undefined ? 'it has a build script' : 'you said so',
      from: overrides.build === undefined ? 'package.json' : null,
    });
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const image = `node:${major}-trixie-slim`;
  return {
    kind: 'planned',
    language: 'node',
    decisions,
    images: [image],
    // .npmrc may hold a token, and each layer is kept.
    dockerignore: '.git\nnode_modules\n.env*\n.npmrc\nDockerfile\n.dockerignore\n',
    dockerfile: dockerfile(image, start, build, hasFile(tree, 'package-lock.json')),
  };
}

function readManifest(text: string): Manifest | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const engine = isRecord(value.engines) ? value.engines.node : undefined;
  return {
    scripts: Object.fromEntries(
      Object.entries(isRecord(value.scripts) ? value.scripts : {}).flatMap(([name, script]) =>
        typeof script === 'string' ? [[name, script]] : [],
      ),
    ),
    engine: typeof engine === 'string' ? engine : null,
    isWorkspace: value.workspaces !== undefined,
    hasDependencies: [value.dependencies, value.devDependencies].some(
      (each) => isRecord(each) && Object.keys(each).length > 0,
    ),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function chooseMajor(
  tree: FileTree,
  manifest: Manifest,
  overrides: Overrides,
  decisions: Decision[],
  questions: Question[],
): number {
  const asked = [
    { from: null, text: overrides.nodeVersion ?? null },
    ...['.nvmrc', '.node-version'].map((from) => ({ from, text: tree.readText(from) })),
    { from: 'package.json', text: manifest.engine },
  ].find(({ text }) => text !== null);
  if (asked === undefined || asked.text === null) {
    decisions.push({ what: `Node ${DEFAULT_MAJOR}`, why: 'nothing asks for another', from: null });
    return DEFAULT_MAJOR;
  }
  const version = /^(>=|\^|~|v|=)?\s*(\d{1,3})(?:\.[\dx*]+){0,2}$/.exec(asked.text.trim());
  if (version === null) {
    const place = asked.from ?? 'The override';
    questions.push({
      name: 'nodeVersion',
      seen: `${place} asks for Node "${asked.text.trim()}".`,
      answer: 'Name one version, such as 24.',
    });
    return DEFAULT_MAJOR;
  }
  const least = Number(version[2]);
  const major = version[1] === '>=' ? Math.max(least, DEFAULT_MAJOR) : least;
  decisions.push({ what: `Node ${major}`, why: `"${asked.text.trim()}" is asked for`, from: asked.from });
  return major;
}

function chooseStart(
  manifest: Manifest,
  overrides: Overrides,
  decisions: Decision[],
  questions: Question[],
): string[] | null {
  const script = manifest.scripts.start;
  if (overrides.start === undefined && script === undefined) {
    questions.push({
      name: 'start',
      seen: 'package.json has no start script.',
      answer: 'Say how the app is started, or add the script.',
    });
    return null;
  }
  // Started without npm, the app gets its signals first hand. A script with a shell's syntax, or around which npm runs others, needs npm.
  const isPlain = /^node( [\w./-]+)+$/.test(script ?? '') && !('prestart' in manifest.scripts);
  const words = (overrides.start ?? (isPlain ? script : undefined) ?? 'npm start').trim().split(/\s+/);
  const isSaid = overrides.start !== undefined;
  decisions.push({
    what: `starts ${execForm(words)}`,
    why: isSaid ? 'you said so' : 'it is the start script',
    from: isSaid ? null : 'package.json',
  });
  return words;
}

function askForLock(tree: FileTree, manifest: Manifest, questions: Question[]): void {
  if (manifest.isWorkspace)
    questions.push({
      name: null,
      seen: 'package.json has workspaces; a single package is planned for.',
      answer: 'Add a Dockerfile.',
    });
  const other = OTHER_LOCKS.find((path) => hasFile(tree, path));
  if (other !== undefined)
    questions.push({
      name: null,
      seen: `There is a ${other}; only npm is planned for.`,
      answer: 'Add a Dockerfile.',
    });
  else if (manifest.hasDependencies && !hasFile(tree, 'package-lock.json'))
    questions.push({
      name: null,
      seen: 'package.json has dependencies, and no lock file says which versions.',
      answer: 'Run "npm install" and keep package-lock.json.',
    });
}

function dockerfile(image: string, start: readonly string[], build: string | null, hasLock: boolean): string {
  const install = (flags: string) => `COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci${flags}
`;
  const buildStage = `# Tools that only the build needs stay in this stage.
FROM ${image} AS build
WORKDIR /app
${hasLock ? install('') : ''}COPY . .
RUN ${build ?? 'true'}
${hasLock ? 'RUN --mount=type=cache,target=/root/.npm npm prune --omit=dev\n' : ''}`;
  const packagesStage = `# Installed apart, so that a changed source line installs nothing anew.
FROM ${image} AS packages
WORKDIR /app
${install(' --omit=dev')}`;
  const earlier = build !== null ? `${buildStage}\n` : hasLock ? `${packagesStage}\n` : '';
  const copies =
    build !== null
      ? 'COPY --from=build /app ./'
      : `${hasLock ? 'COPY --from=packages /app/node_modules ./node_modules\n' : ''}COPY . .`;
  return `${earlier}# What runs.
FROM ${image}
WORKDIR /app
ENV NODE_ENV=production PORT=${PORT}
${copies}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(start)}
`;
}
