import { type FileTree, hasFile } from '../build-plan.ts';
import { readToml, type Table, tableAt, textAt, textsAt } from '../toml.ts';

/** What the files of a project of Python say of it. */
export type PythonProject = {
  /** Names of packages that it needs to run, lower case with "-", and `name[extra]` for each extra. */
  dependencies: ReadonlySet<string>;
  pyproject: Table;
  pipfile: Table;
  /** Files beside requirements.txt that are read with it. */
  included: readonly string[];
  /** Some of its requirements lie in the project itself. */
  needsSource: boolean;
  /** It can be installed as a package itself. */
  isPackage: boolean;
  /** The commands that it has once it is installed. */
  commands: readonly string[];
};

/** Null where a file cannot be read as what it is: `broken` names it. */
export function readProject(tree: FileTree): { project: PythonProject } | { broken: string } {
  const tables: Record<string, Table> = {};
  for (const path of ['pyproject.toml', 'Pipfile']) {
    const text = tree.readText(path);
    const table = text === null ? {} : readToml(text);
    if (table === null) return { broken: path };
    tables[path] = table;
  }
  const { 'pyproject.toml': pyproject = {}, Pipfile: pipfile = {} } = tables;
  const requirements = readRequirements(tree, 'requirements.txt', new Set());
  const poetry = tableAt(pyproject, 'tool', 'poetry');
  const isPoetryPackage = Object.keys(poetry).length === 0 || poetry['package-mode'] !== false;
  return {
    project: {
      dependencies: new Set([
        ...requirements.lines.flatMap(namesOf),
        ...textsAt(tableAt(pyproject, 'project'), 'dependencies').flatMap(namesOf),
        ...namesOfTable(tableAt(poetry, 'dependencies')),
        ...namesOfTable(tableAt(pipfile, 'packages')),
      ]),
      pyproject,
      pipfile,
      included: requirements.included,
      needsSource: requirements.lines.some((line) => /^(-e|--editable)\b|^\.{0,2}\/|^\.$/.test(line)),
      isPackage: Object.keys(tableAt(pyproject, 'build-system')).length > 0 && isPoetryPackage,
      commands: [
        ...Object.keys(tableAt(pyproject, 'project', 'scripts')),
        ...Object.keys(tableAt(poetry, 'scripts')),
      ],
    },
  };
}

type Requirements = { lines: string[]; included: string[] };

function readRequirements(tree: FileTree, path: string, seen: Set<string>): Requirements {
  seen.add(path);
  const lines = (tree.readText(path) ?? '').split('\n').map((line) => line.replace(/(^|\s)#.*$/, '').trim());
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : '';
  const found: Requirements = { lines: [], included: [] };
  for (const line of lines) {
    const other = /^(?:-r|-c|--requirement|--constraint)[\s=]*([\w./-]+)$/.exec(line)?.[1];
    if (other === undefined) {
      found.lines.push(line);
      continue;
    }
    const target = `${folder}${other.replace(/^\.\//, '')}`;
    if (seen.has(target) || !hasFile(tree, target)) continue;
    const below = readRequirements(tree, target, seen);
    found.included.push(target, ...below.included);
    // A constraint installs nothing.
    if (/^(-r|--requirement)/.test(line)) found.lines.push(...below.lines);
  }
  return found;
}

/** The name of a requirement such as `uvicorn[standard]>=0.30`, and the same with each extra. */
function namesOf(requirement: string): string[] {
  const [, name, extras] = /^([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?/.exec(requirement.trim()) ?? [];
  if (name === undefined) return [];
  const normal = name.toLowerCase().replaceAll(/[-_.]+/g, '-');
  return [normal, ...(extras ?? '').split(',').flatMap((extra) => withExtra(normal, extra))];
}

function namesOfTable(table: Table): string[] {
  return Object.keys(table).flatMap((name) => {
    const [normal = ''] = namesOf(name);
    const extras = textsAt(tableAt(table, name), 'extras');
    return name === 'python' ? [] : [normal, ...extras.flatMap((extra) => withExtra(normal, extra))];
  });
}

function withExtra(name: string, extra: string): string[] {
  return extra.trim() === '' ? [] : [`${name}[${extra.trim().toLowerCase()}]`];
}

/** What asks for a version of Python, the most telling first. */
export function askedVersions(
  tree: FileTree,
  { pyproject, pipfile }: PythonProject,
): { from: string; text: string }[] {
  const poetry = tableAt(pyproject, 'tool', 'poetry', 'dependencies');
  const asked: [from: string, text: string | null][] = [
    ['.python-version', firstLine(tree.readText('.python-version'))],
    ['runtime.txt', firstLine(tree.readText('runtime.txt'))],
    ['Pipfile', textAt(tableAt(pipfile, 'requires'), 'python_full_version')],
    ['Pipfile', textAt(tableAt(pipfile, 'requires'), 'python_version')],
    ['pyproject.toml', textAt(tableAt(pyproject, 'project'), 'requires-python')],
    ['pyproject.toml', textAt(poetry, 'python')],
  ];
  return asked.flatMap(([from, text]) => (text === null ? [] : [{ from, text: text.trim() }]));
}

function firstLine(text: string | null): string | null {
  const lines = (text ?? '').split('\n').map((line) => line.trim());
  return lines.find((line) => line !== '' && !line.startsWith('#')) ?? null;
}
