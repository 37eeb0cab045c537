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
import { SITE_IMAGE, siteDockerfile } from '../site-dockerfile.ts';
import { folderOf, nodeDockerfile, nodeStages } from './node-dockerfile.ts';
import { type Framework, findFramework, isForDevelopment, onlyShowsFiles } from './node-frameworks.ts';
import { withInstallScripts } from './node-install-scripts.ts';
import { findPackageManager, NPM, NPM_WITHOUT_LOCK, type PackageManager } from './node-packages.ts';
import { findSiteTool, type SiteTool, UNKNOWN_TOOL } from './node-sites.ts';
import type { Member } from './node-workspace.ts';

type Manifest = {
  name: string;
  scripts: Record<string, string>;
  engine: string | null;
  packageManager: string | null;
  dependencies: ReadonlySet<string>;
  isWorkspace: boolean;
};

type Chosen = { decisions: Decision[]; questions: Question[] };

const DEFAULT_MAJOR = 24;
// .npmrc may hold a token, and each layer is kept.
const DOCKERIGNORE = dockerignoreWith('**/node_modules', '**/.npmrc');

/** A server of Node or files that it makes, with npm, pnpm or Yarn 1, or without any dependency. */
export function detectNode(
  tree: FileTree,
  overrides: Overrides,
  member: Member | null = null,
): BuildPlan | null {
  const text = tree.readText('package.json');
  if (text === null) return null;
  const manifest = readManifest(text);
  if (manifest === null)
    return ask({ name: null, seen: 'package.json is no JSON object.', answer: 'Correct package.json.' });
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const chosen = { decisions, questions };
  const major = chooseMajor(tree, { manifest, overrides }, chosen);
  const manager = chooseManager(tree, { manifest, overrides }, chosen);
  const framework = findFramework(tree, manifest.dependencies, decisions);
  const site =
    framework === null || overrides.publish !== undefined
      ? chooseSite(tree, { manifest, overrides }, decisions)
      : null;
  if (site !== null && questions.length === 0) {
    const build = chooseBuild({ manifest, overrides, made: site, manager, member }, decisions);
    return sitePlan({ site, build, manager, major, decisions, member });
  }
  const start = chooseStart(tree, { manifest, overrides, framework }, chosen);
  if (questions.length > 0 || start === null) return ask(...questions);
  const build = chooseBuild({ manifest, overrides, made: framework, manager, member }, decisions);
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const image = `node:${major}-trixie-slim`;
  return {
    kind: 'planned',
    language: 'Node.js',
    framework: framework?.name ?? null,
    decisions,
    images: [image],
    dockerignore: DOCKERIGNORE,
    dockerfile: nodeDockerfile(image, {
      start,
      build,
      manager,
      framework,
      name: manifest.name,
      keeps: true,
      member,
    }),
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
  const { name, packageManager } = value;
  return {
    name: typeof name === 'string' ? name : '',
    scripts: Object.fromEntries(
      Object.entries(isRecord(value.scripts) ? value.scripts : {}).flatMap(([name, script]) =>
        typeof script === 'string' ? [[name, script]] : [],
      ),
    ),
    engine: typeof engine === 'string' ? engine : null,
    packageManager: typeof packageManager === 'string' ? packageManager : null,
    isWorkspace: value.workspaces !== undefined,
    dependencies: new Set(
      [value.dependencies, value.devDependencies].flatMap((each) =>
        isRecord(each) ? Object.keys(each) : [],
      ),
    ),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function chooseMajor(
  tree: FileTree,
  { manifest, overrides }: { manifest: Manifest; overrides: Overrides },
  { decisions, questions }: Chosen,
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

/** Null where there is nothing to install. */
function chooseManager(
  tree: FileTree,
  { manifest, overrides: { install } }: { manifest: Manifest; overrides: Overrides },
  { decisions, questions }: Chosen,
): PackageManager | null {
  if (manifest.isWorkspace)
    questions.push({
      name: 'directory',
      seen: 'package.json has workspaces.',
      answer: 'Say which folder is to be built.',
    });
  const found = findPackageManager(tree, manifest.packageManager, decisions);
  if (install !== undefined && (found === null || 'manager' in found)) {
    decisions.push({ what: `installs by "${install}"`, why: 'you said so', from: null });
    const known = found === null ? NPM : found.manager;
    return { ...known, files: ['.'], installAll: install, installForProduction: install };
  }
  if (found === null) {
    if (manifest.dependencies.size === 0) return null;
    decisions.push({
      what: 'installs with npm, the versions not pinned',
      why: 'no lock file says which; with the package-lock.json that "npm install" writes, each build installs the same',
      from: 'package.json',
    });
    return withInstallScripts(NPM_WITHOUT_LOCK, manifest.scripts, decisions);
  }
  if ('manager' in found) return withInstallScripts(found.manager, manifest.scripts, decisions);
  questions.push(found.question);
  return null;
}

type Known = { manifest: Manifest; overrides: Overrides; framework: Framework | null };

function chooseStart(
  tree: FileTree,
  { manifest, overrides, framework }: Known,
  { decisions, questions }: Chosen,
): readonly string[] | null {
  const decide = (words: readonly string[], why: string, from: string | null): readonly string[] => {
    decisions.push({ what: `starts ${execForm(words)}`, why, from });
    return words;
  };
  if (overrides.start !== undefined) return decide(wordsOf(overrides.start), 'you said so', null);
  const web = webOfProcfile(tree);
  if (web !== null) return decide(wordsOf(web), 'it is what the web process runs', 'Procfile');
  const script = manifest.scripts.start;
  // "next start" does not serve what was built standalone.
  const isReplaced = framework !== null && (isForDevelopment(script ?? '') || framework.output !== undefined);
  if (script !== undefined && !isReplaced) {
    // Started without npm, the app gets its signals first hand. A script with a shell's syntax, or around which npm runs others, needs npm.
    const isPlain = /^(node|bun)( [\w./-]+)+$/.test(script) && !('prestart' in manifest.scripts);
    return decide(
      isPlain ? script.trim().split(/\s+/) : ['npm', 'start'],
      'it is the start script',
      'package.json',
    );
  }
  if (framework !== null) return decide(framework.start, `so ${framework.name} is started`, 'package.json');
  if (hasFile(tree, 'server.js'))
    return decide(['node', 'server.js'], 'npm starts it where there is no start script', 'server.js');
  questions.push({
    name: 'start',
    seen: 'package.json has no start script.',
    answer: 'Say how the app is started, or add the script.',
  });
  return null;
}

/** Null where the project is started: it has a server of its own. */
function chooseSite(
  tree: FileTree,
  { manifest, overrides }: { manifest: Manifest; overrides: Overrides },
  decisions: Decision[],
): SiteTool | null {
  const { publish } = overrides;
  const script = manifest.scripts.start;
  const isStarted = overrides.start !== undefined || webOfProcfile(tree) !== null;
  if (publish === undefined && (isStarted || (script !== undefined && !onlyShowsFiles(script)))) return null;
  const known = findSiteTool(tree, manifest.dependencies);
  const tool = publish === undefined ? known : { ...(known ?? UNKNOWN_TOOL), folder: publish };
  if (tool === null) return null;
  decisions.push(
    {
      what: `files for a web server, in ${tool.folder}`,
      why: `${tool.name} makes them`,
      from: 'package.json',
    },
    { what: 'served by nginx', why: 'it knows the types of files, and starts without root', from: null },
  );
  if (tool.isSinglePage)
    decisions.push({
      what: 'paths that are no file lead to index.html',
      why: 'the script of a single page knows them',
      from: null,
    });
  return tool;
}

function chooseBuild(
  {
    manifest,
    overrides,
    made,
    manager,
    member,
  }: {
    member: Member | null;
    manifest: Manifest;
    overrides: Overrides;
    made: { name: string; build: string | null } | null;
    manager: PackageManager | null;
  },
  decisions: Decision[],
): string | null {
  const decide = (build: string, why: string, from: string | null): string => {
    decisions.push({ what: `builds with "${build}"`, why, from });
    return build;
  };
  if (overrides.build !== undefined) return decide(overrides.build, 'you said so', null);
  if (manifest.scripts.build !== undefined && member?.hasTurbo === true)
    return decide('npx turbo run build', 'it is built after what it uses of the others', 'turbo.json');
  if (manifest.scripts.build !== undefined)
    return decide(`${manager?.run ?? 'npm run'} build`, 'it has a build script', 'package.json');
  if (made?.build == null) return null;
  return decide(made.build, `so ${made.name} is built`, 'package.json');
}

function sitePlan(parts: {
  site: SiteTool;
  build: string | null;
  manager: PackageManager | null;
  major: number;
  decisions: Decision[];
  member: Member | null;
}): BuildPlan {
  const { site, build, manager, major, decisions, member } = parts;
  const image = `node:${major}-trixie-slim`;
  return {
    kind: 'planned',
    language: 'Node.js',
    framework: site.name,
    decisions,
    images: [image, SITE_IMAGE],
    dockerignore: DOCKERIGNORE,
    dockerfile: siteDockerfile({
      stages: nodeStages(image, {
        build: build ?? site.build,
        manager,
        framework: null,
        name: '',
        keeps: false,
        member,
      }),
      copied: `COPY --from=build ${folderOf({ member })}/${site.folder} /srv`,
      isSinglePage: site.isSinglePage,
      hashed: site.hashed,
    }),
  };
}
