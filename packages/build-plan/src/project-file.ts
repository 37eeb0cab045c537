import { type FileTree, isFolderBelow, isOneLine, type Overrides, type Question } from './build-plan.ts';
import { isTable, readToml, type Table } from './toml.ts';

/** Where a project says what is not to be found by looking at it. */
export const PROJECT_FILE = 'brainpod.toml';

const COMMANDS = ['install', 'build', 'start'] as const;
const FOLDERS = ['directory', 'publish'] as const;
const VERSIONS = {
  node: 'nodeVersion',
  python: 'pythonVersion',
  go: 'goVersion',
  rust: 'rustVersion',
  java: 'javaVersion',
  php: 'phpVersion',
  ruby: 'rubyVersion',
  elixir: 'elixirVersion',
  dotnet: 'dotnetVersion',
  deno: 'denoVersion',
} as const;
const KEYS: readonly string[] = [...COMMANDS, ...FOLDERS, 'versions', 'secrets'];
/** What can be an environment variable's name. */
const SECRET = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const MOST_SECRETS = 20;

/** `secrets`: the names of values that steps of the build may use. */
type Read = { overrides: Overrides; secrets: string[]; faults: Question[] };

/** What brainpod.toml says, and all that is wrong with it, each with its path. Without the file: nothing of both. */
export function readProjectFile(tree: FileTree): Read {
  const text = tree.readText(PROJECT_FILE);
  if (text === null) return { overrides: {}, secrets: [], faults: [] };
  const table = readToml(text);
  if (table === null) {
    return { overrides: {}, secrets: [], faults: [fault('', 'is no TOML', 'Correct it.')] };
  }
  const read: Read = { overrides: {}, secrets: [], faults: [] };
  for (const key of Object.keys(table).filter((name) => !KEYS.includes(name))) {
    read.faults.push(fault(key, 'is not known', `There are ${KEYS.join(', ')}.`));
  }
  for (const key of COMMANDS)
    readText(table, key, { read, into: key, isRight: isOneLine, what: 'one line of text' });
  for (const key of FOLDERS) {
    readText(table, key, {
      read,
      into: key,
      isRight: isFolderBelow,
      what: 'a folder below this one, such as "apps/web"',
    });
  }
  readVersions(table, read);
  readSecrets(table, read);
  return read;
}

function readSecrets(table: Table, read: Read): void {
  if (!Object.hasOwn(table, 'secrets')) return;
  const { secrets } = table;
  const names = Array.isArray(secrets) ? secrets.filter((name) => typeof name === 'string') : [];
  const areRight =
    Array.isArray(secrets) && names.length === secrets.length && names.every((name) => SECRET.test(name));
  if (!areRight || names.length > MOST_SECRETS) {
    const what = `must be a list of at most ${MOST_SECRETS} names of environment variables`;
    read.faults.push(fault('secrets', what, 'Write it as secrets = ["NPM_TOKEN"].'));
    return;
  }
  read.secrets = [...new Set<string>(names)];
}

function readVersions(table: Table, read: Read): void {
  if (!Object.hasOwn(table, 'versions')) return;
  const { versions } = table;
  if (!isTable(versions)) {
    read.faults.push(
      fault('versions', 'is no table', 'Write it as [versions] with a line such as node = "24".'),
    );
    return;
  }
  const known = Object.entries(VERSIONS);
  for (const key of Object.keys(versions).filter((name) => !Object.hasOwn(VERSIONS, name))) {
    const names = known.map(([name]) => name).join(', ');
    read.faults.push(fault(`versions.${key}`, 'is not known', `There are ${names}.`));
  }
  for (const [key, into] of known) {
    readText(versions, key, {
      read,
      into,
      isRight: isOneLine,
      what: 'a text such as "24"',
      below: 'versions.',
    });
  }
}

type Reading = {
  read: Read;
  into: keyof Overrides;
  isRight: (text: string) => boolean;
  what: string;
  below?: string;
};

function readText(table: Table, key: string, { read, into, isRight, what, below = '' }: Reading): void {
  if (!Object.hasOwn(table, key)) return;
  const value = table[key];
  if (typeof value === 'string' && isRight(value)) read.overrides[into] = value.trim();
  else read.faults.push(fault(`${below}${key}`, `must be ${what}`, 'Correct it.'));
}

function fault(path: string, seen: string, answer: string): Question {
  return { name: null, seen: `${PROJECT_FILE}${path === '' ? '' : `: ${path}`} ${seen}.`, answer };
}
