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
import { chooseMajor } from './node.ts';
import { readManifest } from './node-manifest.ts';
import { findPackageManager, NPM_WITHOUT_LOCK } from './node-packages.ts';
import { type PhpParts, phpDockerfile } from './php-dockerfile.ts';
import { extensionsFor } from './php-extensions.ts';
import { type Composer, findFramework, findRoot, type PhpFramework, readComposer } from './php-project.ts';
import { choosePhp } from './php-version.ts';

type Chosen = { decisions: Decision[]; questions: Question[] };

const COMPOSER_FILE = 'composer.json';
const COMPOSER_IMAGE = 'composer:2';
/** Its image has another PHP than the one that runs it: what that one is, is checked when it starts. */
const INSTALL =
  'composer install --no-autoloader --no-dev --no-interaction --no-progress --no-scripts --prefer-dist --ignore-platform-reqs';

/** Pages of PHP behind Apache, with what Composer installs and what Node makes for browsers. */
export function detectPhp(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const text = tree.readText(COMPOSER_FILE);
  const composer = text === null ? null : readComposer(text);
  const framework = findFramework(tree, composer);
  const root = overrides.publish ?? rootOfProcfile(tree) ?? findRoot(tree, framework);
  if (text === null && findRoot(tree, framework) === null) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const chosen = { decisions, questions };
  if (text !== null && composer === null) {
    questions.push({ name: null, seen: `${COMPOSER_FILE} is no JSON object.`, answer: 'Correct it.' });
  }
  const version = choosePhp(tree, overrides, composer?.asked ?? { platform: null, required: null }, chosen);
  const extensions = chooseExtensions(composer, framework, chosen);
  const command = chooseCommand(tree, overrides, root, chosen);
  const packages = chooseComposer(tree, composer, overrides, chosen);
  const assets = chooseAssets(tree, { root, composer, overrides }, chosen);
  if (questions.length > 0 || version === null) return ask(...questions);
  const build = chooseBuild(framework, overrides, decisions);
  explain(framework, command === null ? root : null, decisions);
  const image = `php:${version}-apache`;
  return {
    kind: 'planned',
    language: 'PHP',
    framework: framework.name,
    decisions,
    images: [
      image,
      ...(packages === null ? [] : [packages.image]),
      ...(assets === null ? [] : [assets.image]),
    ],
    // auth.json and .npmrc may hold a token, and each layer is kept.
    dockerignore: dockerignoreWith('**/auth.json', '**/.npmrc', '**/node_modules', 'vendor'),
    dockerfile: phpDockerfile({
      image,
      extensions,
      hasSeparateCache: version !== '8.5',
      root: root ?? '.',
      hasFrontController: (root ?? '.') !== '.' || framework.name === 'WordPress',
      composer: packages,
      assets,
      build,
      writes: framework.writes,
      environment: framework.environment,
      command,
    }),
  };
}

function chooseExtensions(
  composer: Composer | null,
  framework: PhpFramework,
  { decisions, questions }: Chosen,
): PhpParts['extensions'] {
  const named = composer?.extensions ?? [];
  const { found, unknown } = extensionsFor([...named, ...framework.extensions]);
  const added = [...found.core, ...found.pecl];
  if (added.length > 0) {
    const from = named.length > 0 ? COMPOSER_FILE : null;
    const why = `${framework.name ?? 'it'} uses them`;
    decisions.push({ what: `adds ${added.join(', ')} to PHP`, why, from });
  }
  if (unknown.length > 0) {
    questions.push({
      name: null,
      seen: `${COMPOSER_FILE} needs ${unknown.map((name) => `ext-${name}`).join(', ')}, and how to get that is not known here.`,
      answer: 'Add a Dockerfile that installs it.',
    });
  }
  return found;
}

/** What hosts of PHP have for a web process; the folder behind it is what is reached. */
const STARTED_FOR_US =
  /^(?:vendor\/bin\/)?heroku-php-(?:apache2|nginx)(?:\s+-\w\s*\S+)*(?:\s+([\w./-]+))?\s*$/;

function rootOfProcfile(tree: FileTree): string | null {
  const found = STARTED_FOR_US.exec(webOfProcfile(tree) ?? '')?.[1] ?? '';
  const folder = found.replace(/^\.\//, '').replace(/\/+$/, '');
  return folder === '' ? null : folder;
}

/** Null where Apache starts it. */
function chooseCommand(
  tree: FileTree,
  { start }: Overrides,
  root: string | null,
  { decisions, questions }: Chosen,
): readonly string[] | null {
  const web = webOfProcfile(tree);
  const line = start ?? (web !== null && !STARTED_FOR_US.test(web) ? web : null);
  if (line !== null) {
    const command = wordsOf(line);
    const isSaid = start !== undefined;
    decisions.push({
      what: `starts ${execForm(command)}`,
      why: isSaid ? 'you said so' : 'it is what the web process runs',
      from: isSaid ? null : 'Procfile',
    });
    return command;
  }
  if (root === null) {
    questions.push({
      name: 'publish',
      seen: 'There is no index.php, neither at the top nor in public or web.',
      answer: 'Say which folder is reached from outside.',
    });
  }
  return null;
}

function chooseComposer(
  tree: FileTree,
  composer: Composer | null,
  { install }: Overrides,
  { decisions }: Chosen,
): PhpParts['composer'] {
  if (composer === null) return null;
  const isPinned = hasFile(tree, 'composer.lock');
  if (install !== undefined) {
    decisions.push({ what: `installs by "${install}"`, why: 'you said so', from: null });
  } else if (isPinned) {
    decisions.push({ what: 'installs with Composer', why: 'its lock file is there', from: 'composer.lock' });
  } else {
    decisions.push({
      what: 'installs with Composer, the versions not pinned',
      why: 'no lock file says which; with the composer.lock that "composer update" writes, each build installs the same',
      from: COMPOSER_FILE,
    });
  }
  const files = [COMPOSER_FILE, ...(isPinned ? ['composer.lock'] : [])];
  const needsAll = install !== undefined || composer.usesFiles;
  return { image: COMPOSER_IMAGE, files: needsAll ? ['.'] : files, install: install ?? INSTALL };
}

function chooseAssets(
  tree: FileTree,
  { root, composer, overrides }: { root: string | null; composer: Composer | null; overrides: Overrides },
  { decisions, questions }: Chosen,
): PhpParts['assets'] {
  const text = tree.readText('package.json');
  const manifest = text === null ? null : readManifest(text);
  // Without a folder of its own, what is made lies among the source, and where is not known.
  if (manifest?.scripts.build === undefined || root === null || root === '.' || composer === null) {
    return null;
  }
  const major = chooseMajor(tree, { manifest, overrides }, { decisions, questions });
  const found = findPackageManager(tree, { asked: manifest.packageManager, folder: null }, decisions);
  if (found !== null && 'question' in found) {
    questions.push(found.question);
    return null;
  }
  const unpinned = manifest.dependencies.size === 0 ? null : NPM_WITHOUT_LOCK;
  const manager = found === null ? unpinned : found.manager;
  const build = `${manager?.run ?? 'npm run'} build`;
  decisions.push({
    what: `makes what browsers get, in ${root}, with "${build}"`,
    why: 'it has a build script',
    from: 'package.json',
  });
  return { image: `node:${major}-trixie-slim`, manager, build };
}

function chooseBuild(
  { name, build }: PhpFramework,
  overrides: Overrides,
  decisions: Decision[],
): string | null {
  const chosen = overrides.build ?? build;
  if (chosen === null) return null;
  const why = overrides.build === undefined ? `so ${name} is built` : 'you said so';
  decisions.push({ what: `builds with "${chosen}"`, why, from: null });
  return chosen;
}

/** `root`: what Apache hands out; null where something else is started. */
function explain({ name, writes, needs }: PhpFramework, root: string | null, decisions: Decision[]): void {
  if (root !== null) {
    decisions.push({
      what: `served by Apache, from ${root === '.' ? 'the top' : root}`,
      why: 'it runs PHP within itself, and starts without root',
      from: root === '.' ? 'index.php' : `${root}/index.php`,
    });
  }
  if (writes.length > 0) {
    decisions.push({
      what: `may write to ${writes.join(', ')}, which ends with each instance`,
      why: `${name} writes there; what must stay belongs on a disk`,
      from: null,
    });
  }
  for (const need of needs) {
    const why = `${name} does not start without it, and no image may hold it`;
    decisions.push({ what: `needs ${need} in the environment of its App`, why, from: null });
  }
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
}
