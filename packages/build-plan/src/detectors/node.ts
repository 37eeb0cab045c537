import {
  ask,
  type BuildPlan,
  type Decision,
  dockerignoreWith,
  type FileTree,
  hasFile,
  type Overrides,
  PORT,
  type Question,
} from '../build-plan.ts';
import { webOfProcfile } from '../procfile.ts';
import { SITE_IMAGE, siteDockerfile } from '../site-dockerfile.ts';
import { leavesPackages } from './node-build-script.ts';
import { folderOf, nodeDockerfile, nodeStages } from './node-dockerfile.ts';
import { findFramework, onlyShowsFiles } from './node-frameworks.ts';
import { withInstallScripts } from './node-install-scripts.ts';
import { type Manifest, readManifest } from './node-manifest.ts';
import type { PackageManager } from './node-package-manager.ts';
import { findPackageManager, NPM, NPM_WITHOUT_LOCK, npmIn } from './node-packages.ts';
import { findExport, findSiteTool, type SiteTool, UNKNOWN_TOOL } from './node-sites.ts';
import { chooseStart, serverOf } from './node-start.ts';
import { hasPackages, type Member } from './node-workspace.ts';

type Chosen = { decisions: Decision[]; questions: Question[] };

const DEFAULT_MAJOR = 24;
// .npmrc may hold a token, and each layer is kept.
const DOCKERIGNORE = dockerignoreWith('**/node_modules', '**/.npmrc', '.yarn/cache');

/** A server of Node or files that it makes, with npm, pnpm, Yarn or Bun, or without any dependency. */
export function detectNode(
  tree: FileTree,
  overrides: Overrides,
  member: Member | null = null,
): BuildPlan | null {
  const text = tree.readText('package.json');
  if (text === null) return null;
  const read = readManifest(text);
  const manifest = read === null ? null : ofWhole(read, member);
  if (manifest === null)
    return ask({ name: null, seen: 'package.json is no JSON object.', answer: 'Correct package.json.' });
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const chosen = { decisions, questions };
  const major = chooseMajor(tree, { manifest, overrides }, chosen);
  const manager = chooseManager(tree, { manifest, overrides, member }, chosen);
  const exported = findExport(tree, manifest);
  const framework = exported === null ? findFramework(tree, manifest.dependencies, decisions) : null;
  const site =
    framework === null || overrides.publish !== undefined
      ? chooseSite(tree, { manifest, overrides, exported }, decisions)
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
    framework: framework?.name ?? serverOf(manifest),
    decisions,
    images: [image],
    dockerignore: DOCKERIGNORE,
    dockerfile: nodeDockerfile(image, {
      start,
      ...build,
      manager,
      framework,
      name: manifest.name,
      keeps: true,
      leavesPackages: build.build !== null && leavesPackages(build.build, manifest),
      member,
    }),
  };
}

/** What the top of a workspace asks for counts for each package that asks for nothing itself. */
function ofWhole(manifest: Manifest, member: Member | null): Manifest {
  if (member === null) return manifest;
  const { engine, packageManager } = member.top;
  return { ...manifest, engine: manifest.engine ?? engine, packageManager };
}

/** Which Node builds and runs it. */
export function chooseMajor(
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
  { manifest, overrides, member }: { manifest: Manifest; overrides: Overrides; member: Member | null },
  chosen: Chosen,
): PackageManager | null {
  const { decisions, questions } = chosen;
  const { install } = overrides;
  if (member === null && hasPackages(tree, manifest)) {
    const seen = 'package.json is of a workspace.';
    questions.push({ name: 'directory', seen, answer: 'Say which folder is to be built.' });
    return null;
  }
  const asked = { asked: manifest.packageManager, folder: member?.folder ?? null };
  const found = findPackageManager(tree, asked, decisions);
  if (found !== null && 'question' in found) {
    questions.push(found.question);
    return null;
  }
  if (install !== undefined) {
    decisions.push({ what: `installs by "${install}"`, why: 'you said so', from: null });
    const known = found === null ? NPM : found.manager;
    return { ...known, files: ['.'], installAll: install, installForProduction: install };
  }
  const manager = found === null ? withoutLock(tree, { manifest, member }, chosen) : found.manager;
  return manager === null
    ? null
    : withInstallScripts(
        manager,
        { own: (member?.top ?? manifest).scripts, others: member?.scripts ?? [] },
        decisions,
      );
}

function withoutLock(
  tree: FileTree,
  { manifest, member }: { manifest: Manifest; member: Member | null },
  { decisions, questions }: Chosen,
): PackageManager | null {
  if (hasFile(tree, 'pnpm-workspace.yaml')) {
    const seen = 'There is a pnpm-workspace.yaml and no pnpm-lock.yaml.';
    questions.push({ name: null, seen, answer: 'Run "pnpm install" and keep it.' });
    return null;
  }
  if (member === null && manifest.dependencies.size === 0) return null;
  decisions.push({
    what: 'installs with npm, the versions not pinned',
    why: 'no lock file says which; with the package-lock.json that "npm install" writes, each build installs the same',
    from: 'package.json',
  });
  return npmIn(member?.folder ?? null, NPM_WITHOUT_LOCK);
}

/** Null where the project is started: it has a server of its own. */
function chooseSite(
  tree: FileTree,
  { manifest, overrides, exported }: { manifest: Manifest; overrides: Overrides; exported: SiteTool | null },
  decisions: Decision[],
): SiteTool | null {
  const { publish } = overrides;
  const script = exported === null ? manifest.scripts.start : undefined;
  const isStarted = overrides.start !== undefined || webOfProcfile(tree) !== null;
  if (publish === undefined && (isStarted || (script !== undefined && !onlyShowsFiles(script)))) return null;
  const known = exported ?? findSiteTool(tree, manifest.dependencies);
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

type Building = {
  manifest: Manifest;
  overrides: Overrides;
  made: { name: string; build: string | null } | null;
  manager: PackageManager | null;
  member: Member | null;
};

/** What builds it, and the folders that are built before by scripts of their own. */
type Built = { build: string | null; before: readonly string[]; run: string };

function chooseBuild(parts: Building, decisions: Decision[]): Built {
  const { manifest, overrides, made, manager, member } = parts;
  const run = `${manager?.run ?? 'npm run'} build`;
  const isScript = manifest.scripts.build !== undefined;
  const builder = member?.builder ?? null;
  if (builder !== null && isScript && overrides.build === undefined) {
    const why = `${builder.name} builds before what it uses of the others`;
    decisions.push({ what: `builds with "${builder.build}"`, why, from: builder.from });
    return { build: builder.build, before: [], run };
  }
  const before = member?.uses ?? [];
  for (const folder of before) {
    decisions.push({ what: `builds ${folder} before`, why: 'it is used', from: `${folder}/package.json` });
  }
  const decide = (build: string, why: string, from: string | null): Built => {
    decisions.push({ what: `builds with "${build}"`, why, from });
    return { build, before, run };
  };
  if (overrides.build !== undefined) return decide(overrides.build, 'you said so', null);
  if (isScript) return decide(run, 'it has a build script', 'package.json');
  if (made?.build == null) return { build: null, before, run };
  return decide(made.build, `so ${made.name} is built`, 'package.json');
}

function sitePlan(parts: {
  site: SiteTool;
  build: Built;
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
        ...build,
        build: build.build ?? site.build,
        manager,
        framework: null,
        name: '',
        keeps: false,
        leavesPackages: false,
        member,
      }),
      copied: `COPY --from=build ${folderOf({ member })}/${site.folder} /srv`,
      isSinglePage: site.isSinglePage,
      hashed: site.hashed,
    }),
  };
}
