import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { CliFailure } from '../failure.ts';
import { DockerIgnore } from './docker-ignore.ts';
import { bytesOf, type GitRule, parseGitIgnore } from './git-ignore.ts';

/** Rules of one file. `base`: its folder, seen from where `prefix` is added; '' for the outermost. */
type Layer = { base: string; rules: readonly GitRule[] };

/** What is known of a folder that is walked: which files with rules count in it, and what it inherits. */
export type FolderRules = {
  git: readonly Layer[];
  brainpod: readonly Layer[];
  /** It is left out, and walked only for what is brought back in it. */
  leftOut: boolean;
  /** A `.brainpodignore` brought it back with all that is in it. */
  broughtBack: boolean;
};

export type Verdict = 'sent' | 'brought-back' | 'left-out';

/** What nobody builds from: it is made anew from the other files. A Dockerfile may count on anything that is there. */
const MADE_ANEW = ['node_modules/', '.venv/', 'venv/', '__pycache__/'];
const ALWAYS_READ = ['.dockerignore', 'brainpod.toml'];

/**
 * What is left out of what is sent of a folder: `.gitignore` (those of the folder, below it, and above it up to the root of the repository;
 * `.git/info/exclude` too, but no person's own settings), `.dockerignore`, and over both, `.brainpodignore`. `.git` is never sent.
 */
export class IgnoreRules {
  readonly root: FolderRules;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #docker: DockerIgnore | null;
  readonly #always: ReadonlySet<string>;

  /** `directory`: without links in it. `dockerfile`: its path in the folder, which is sent whatever the rules say. */
  constructor(directory: string, dockerfile: string) {
    this.#directory = directory;
    const repository = repositoryOf(directory);
    this.#prefix = repository === null ? '' : relative(repository, directory).split(sep).join('/');
    this.#docker = readDockerIgnore(directory, dockerfile);
    this.#always = new Set([...ALWAYS_READ, dockerfile, `${dockerfile}.dockerignore`]);
    const git = repository === null ? [] : layersAbove(repository, this.#prefix);
    const counted = this.#leadsIntoNothing(git) ? [] : git;
    const anew = existsSync(join(directory, dockerfile)) ? [] : [this.#defaults()];
    this.root = { git: [...anew, ...counted], brainpod: [], leftOut: false, broughtBack: false };
  }

  /** The rules in a folder ('' for the root), from those of the folder above it and what lies in it. */
  enter(folder: string, above: FolderRules, names: ReadonlySet<string>): FolderRules {
    const read = (name: string, base: string): Layer[] =>
      names.has(name) ? layersOf(join(this.#directory, folder, name), base) : [];
    return {
      ...above,
      git: above.leftOut
        ? above.git
        : [...above.git, ...read('.gitignore', this.#seenFromRepository(folder))],
      brainpod: [...above.brainpod, ...read('.brainpodignore', folder)],
    };
  }

  decide(path: string, isFolder: boolean, inside: FolderRules): Verdict {
    if (path === '.git' || path.endsWith('/.git')) return 'left-out';
    if (!isFolder && this.#always.has(path)) return 'sent';
    const last = verdictOf(inside.brainpod, path, isFolder);
    if (last !== null && !last.negated) return 'left-out';
    const leftOut = !inside.broughtBack && (inside.leftOut || this.#isLeftOut(path, isFolder, inside));
    if (last === null) return leftOut ? 'left-out' : 'sent';
    return leftOut ? 'brought-back' : 'sent';
  }

  /** Whether a folder that is left out has to be walked all the same. */
  mayHoldMore(folder: string, inside: FolderRules): boolean {
    if (folder === '.git' || folder.endsWith('/.git')) return false;
    if ([...this.#always].some((path) => path.startsWith(`${folder}/`))) return true;
    const named = inside.brainpod.some(({ base, rules }) =>
      rules.some(
        ({ negated, anchored, literal }) => negated && anchored && leadsBelow(base, literal, folder),
      ),
    );
    if (named) return true;
    const byGit =
      inside.leftOut || verdictOf(inside.git, this.#seenFromRepository(folder), true)?.negated === false;
    return !byGit && this.#docker?.mayBringBackBelow(folder) === true;
  }

  /** What a folder in a folder inherits. */
  below(folder: string, verdict: Verdict, inside: FolderRules): FolderRules {
    if (verdict === 'sent') return inside;
    if (verdict === 'brought-back') return { ...inside, leftOut: false, broughtBack: true };
    const byBrainpod = verdictOf(inside.brainpod, folder, true)?.negated === false;
    const byGit = verdictOf(inside.git, this.#seenFromRepository(folder), true)?.negated === false;
    // What .dockerignore leaves out, it leaves out by the whole path of each file.
    return { ...inside, leftOut: inside.leftOut || byBrainpod || byGit, broughtBack: false };
  }

  #isLeftOut(path: string, isFolder: boolean, { git }: FolderRules): boolean {
    if (verdictOf(git, this.#seenFromRepository(path), isFolder)?.negated === false) return true;
    return this.#docker?.excludes(path) === true;
  }

  #seenFromRepository(path: string): string {
    return path === '' ? this.#prefix : this.#prefix === '' ? path : `${this.#prefix}/${path}`;
  }

  #defaults(): Layer {
    return { base: this.#prefix, rules: MADE_ANEW.flatMap((line) => parseGitIgnore(line)) };
  }

  /** Whoever names a folder that the repository ignores, such as `dist`, means what is in it. */
  #leadsIntoNothing(git: readonly Layer[]): boolean {
    const parts = this.#prefix === '' ? [] : this.#prefix.split('/');
    return parts.some((_, index) => {
      const folder = parts.slice(0, index + 1).join('/');
      return verdictOf(git, folder, true)?.negated === false;
    });
  }
}

/** The innermost file counts first, and in it the last line. */
function verdictOf(layers: readonly Layer[], path: string, isFolder: boolean): GitRule | null {
  const bytes = bytesOf(path);
  const name = bytes.slice(bytes.lastIndexOf('/') + 1);
  for (const { base, rules } of layers.toReversed()) {
    const from = base === '' ? 0 : bytesOf(base).length + 1;
    const below = bytes.slice(from);
    const found = rules.findLast(
      ({ foldersOnly, anchored, matches }) => (isFolder || !foldersOnly) && matches(anchored ? below : name),
    );
    if (found !== undefined) return found;
  }
  return null;
}

function leadsBelow(base: string, literal: string, folder: string): boolean {
  const whole = base === '' ? literal : `${bytesOf(base)}/${literal}`;
  return whole.startsWith(`${bytesOf(folder)}/`);
}

function repositoryOf(directory: string): string | null {
  for (let folder = directory; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

/** The layers of the folders above the one that `prefix` leads to, outermost first. */
function layersAbove(repository: string, prefix: string): Layer[] {
  const parts = prefix === '' ? [] : prefix.split('/');
  const folders = parts.map((_, index) => parts.slice(0, index).join('/'));
  return [
    ...layersOf(join(repository, '.git', 'info', 'exclude'), ''),
    ...folders.flatMap((folder) => layersOf(join(repository, folder, '.gitignore'), folder)),
  ];
}

function layersOf(file: string, base: string): Layer[] {
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return [];
  return [{ base, rules: parseGitIgnore(readFileSync(file, 'latin1')) }];
}

function readDockerIgnore(directory: string, dockerfile: string): DockerIgnore | null {
  const name = [`${dockerfile}.dockerignore`, '.dockerignore'].find((each) =>
    existsSync(join(directory, each)),
  );
  if (name === undefined) return null;
  const read = new DockerIgnore(readFileSync(join(directory, name), 'utf8'));
  if (read.faults.length === 0) return read;
  const lines = read.faults.map(({ line, message }) => `  line ${line}: ${message}`);
  throw new CliFailure([`${join(directory, name)} cannot be read:`, ...lines].join('\n'));
}
