/** A folder or an uploaded archive, as the plan sees it. Paths are relative, with "/" between parts, in any order. */
export type FileTree = {
  readonly paths: readonly string[];
  /** The text of a file of the tree; null where there is none, or it is no text. */
  readText(path: string): string | null;
};

/** What a person says instead of what would be found. */
export type Overrides = {
  /** The folder below that is built; what is said here is of that one. */
  directory?: string;
  install?: string;
  build?: string;
  start?: string;
  /** The folder of files that a build makes for a web server. */
  publish?: string;
  nodeVersion?: string;
  pythonVersion?: string;
  goVersion?: string;
  rustVersion?: string;
  javaVersion?: string;
  phpVersion?: string;
  rubyVersion?: string;
  elixirVersion?: string;
  dotnetVersion?: string;
  denoVersion?: string;
};

/** `from`: the file that led to it; null for a convention of ours. */
export type Decision = { what: string; why: string; from: string | null };

/** Whether a text can be a part of a line of a Dockerfile. */
export function isOneLine(text: string): boolean {
  return /^[^\p{Cc}\u2028\u2029]+$/u.test(text) && text.trim() !== '';
}

/** Whether a text is the path of a folder below, with nothing in it that a Dockerfile would read. */
export function isFolderBelow(text: string): boolean {
  return (
    /^[\w@.-]+(\/[\w@.-]+)*$/.test(text) && !text.split('/').some((part) => part === '..' || part === '.')
  );
}

/** What cannot be decided: `name` is the override that answers it, null where a file has to be changed. */
export type Question = { name: keyof Overrides | null; seen: string; answer: string };

export type Planned = {
  kind: 'planned';
  language: string;
  /** By the name that its makers give it; null where there is none that matters for the build. */
  framework: string | null;
  decisions: Decision[];
  dockerfile: string;
  dockerignore: string;
  /** The base images, by the names that Docker Hub knows. */
  images: string[];
};

export type BuildPlan = Planned | { kind: 'undecided'; questions: Question[] };

/** Null where the tree is not of its language. */
export type Detector = (tree: FileTree, overrides: Overrides) => BuildPlan | null;

/** Where an app listens unless it was told otherwise. */
export const PORT = 8080;

/** What no build needs, anywhere below; a line each. What a file such as .env or .npmrc holds is nobody else's. */
const NOT_SENT = ['.git', '**/.env*', 'Dockerfile', '.dockerignore', 'brainpod.toml'];

export function dockerignoreWith(...more: readonly string[]): string {
  return `${[...NOT_SENT, ...more].join('\n')}\n`;
}

export function hasFile(tree: FileTree, path: string): boolean {
  return tree.paths.includes(path);
}

export function ask(...questions: Question[]): BuildPlan {
  return { kind: 'undecided', questions };
}

/** A program and its arguments in the form of Dockerfile that starts no shell. */
export function execForm(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}
