import type { Decision, FileTree, Question } from '../build-plan.ts';
import { hasFile } from '../build-plan.ts';
import { type Table, tableAt, textAt } from '../toml.ts';
import type { PythonProject } from './python-project.ts';
import type { UvMember } from './python-workspace.ts';

/** What installs a project's packages into /opt/venv, as lines of a Dockerfile. */
export type PythonInstaller = {
  name: string;
  /** What brings it into an image that has pip; null for pip itself. */
  setUp: string | null;
  environment: Readonly<Record<string, string>>;
  /** It makes the virtual environment itself. */
  makesVenv: boolean;
  /** What of the project it has to know, and where that goes. */
  files: readonly { from: readonly string[]; to: string }[];
  cache: string;
  /** The project's packages alone; null where they come with the project. */
  install: string | null;
  /** The project itself, where that is a package. */
  installProject: string;
  /** Before the name of one package more. */
  add: string;
};

const ACTIVE = { VIRTUAL_ENV: '/opt/venv' };
const PIP_CACHE = '/root/.cache/pip';

/** By the lock file or, without one, by what names the packages; null where nothing does, and where `isTold` what is done instead. */
export function findInstaller(
  tree: FileTree,
  project: PythonProject,
  decisions: Decision[],
  { isTold, member }: { isTold: boolean; member: UvMember | null },
): { installer: PythonInstaller | null } | { question: Question } {
  const locks = ['uv.lock', 'poetry.lock', 'Pipfile.lock'].filter((path) => hasFile(tree, path));
  if (locks.length > 1) {
    return cannot(`There are ${locks.join(' and ')}.`, 'Keep the one of the tool that you use.');
  }
  if (isTold && locks.length === 0) return { installer: null };
  const lock = locks[0] ?? (hasFile(tree, 'requirements.txt') ? 'requirements.txt' : 'pyproject.toml');
  const decide = (installer: PythonInstaller, why: string): { installer: PythonInstaller } => {
    decisions.push({ what: `installs with ${installer.name}`, why, from: lock });
    return { installer };
  };
  if (lock === 'uv.lock') {
    return decide(uv(project.pyproject, member), 'its lock file is there');
  }
  if (lock === 'poetry.lock') return decide(poetry(tree), 'its lock file is there');
  if (lock === 'Pipfile.lock') return decide(PIPENV, 'its lock file is there');
  if (lock === 'requirements.txt') return decide(pip(project), 'it names the packages');
  if (hasFile(tree, 'Pipfile'))
    return cannot('There is a Pipfile and no Pipfile.lock.', 'Run "pipenv lock".');
  if (project.isPackage) return decide(PLAIN_PIP, 'it is a package, and no lock file says which versions');
  if (project.dependencies.size === 0) return { installer: null };
  return withoutLock(tree, project, decisions);
}

function withoutLock(
  tree: FileTree,
  { pyproject }: PythonProject,
  decisions: Decision[],
): { installer: PythonInstaller } | { question: Question } {
  const isPoetry = Object.keys(tableAt(pyproject, 'tool', 'poetry', 'dependencies')).length > 0;
  if (!isPoetry && textAt(tableAt(pyproject, 'project'), 'name') === null) {
    return cannot('pyproject.toml has dependencies and no name.', 'Give the project a name.');
  }
  const { name, command } = isPoetry
    ? { name: 'Poetry', command: 'poetry lock' }
    : { name: 'uv', command: 'uv lock' };
  decisions.push({
    what: `installs with ${name}, the versions not pinned`,
    why: `no lock file says which; with the one that "${command}" writes, each build installs the same`,
    from: 'pyproject.toml',
  });
  const known = isPoetry ? poetry(tree) : uv(pyproject, null);
  const unlocked = (text: string): string => text.replace('uv sync --locked', 'uv sync');
  return {
    installer: {
      ...known,
      files: [{ from: ['pyproject.toml'], to: './' }],
      install: known.install === null ? null : unlocked(known.install),
      installProject: unlocked(known.installProject),
    },
  };
}

function pip({ included, needsSource }: PythonProject): PythonInstaller {
  const folders = new Map([['./', ['requirements.txt']]]);
  for (const path of included) {
    const folder = `./${path.slice(0, path.lastIndexOf('/') + 1)}`;
    folders.set(folder, [...(folders.get(folder) ?? []), path]);
  }
  return {
    ...{ name: 'pip', setUp: null, environment: {}, makesVenv: false, cache: PIP_CACHE },
    files: needsSource ? [{ from: ['.'], to: './' }] : [...folders].map(([to, from]) => ({ from, to })),
    install: 'pip install -r requirements.txt',
    installProject: 'pip install --no-deps .',
    add: 'pip install',
  };
}

/** A package without a lock file. */
export const PLAIN_PIP: PythonInstaller = {
  ...{ name: 'pip', setUp: null, environment: {}, makesVenv: false, files: [], cache: PIP_CACHE },
  ...{ install: null, installProject: 'pip install .', add: 'pip install' },
};

const PIPENV: PythonInstaller = {
  ...{ name: 'Pipenv', setUp: 'pip install pipenv', environment: ACTIVE, makesVenv: false },
  files: [{ from: ['Pipfile', 'Pipfile.lock'], to: './' }],
  ...{ cache: '/root/.cache/pipenv', install: 'pipenv sync', installProject: 'pip install --no-deps .' },
  add: '/opt/venv/bin/pip install',
};

function poetry(tree: FileTree): PythonInstaller {
  // It is what wrote the lock file that can read it.
  const version = /^# .*\bgenerated by Poetry (\d+\.\d+\.\d+)\b/m.exec(
    tree.readText('poetry.lock') ?? '',
  )?.[1];
  return {
    ...{ name: 'Poetry', environment: { ...ACTIVE, POETRY_NO_INTERACTION: '1' }, makesVenv: false },
    setUp: `pip install poetry${version === undefined ? '' : `==${version}`}`,
    files: [{ from: ['pyproject.toml', 'poetry.lock'], to: './' }],
    ...{ cache: '/root/.cache/pypoetry', install: 'poetry install --only main --no-root' },
    ...{ installProject: 'poetry install --only main', add: '/opt/venv/bin/pip install' },
  };
}

function uv(pyproject: Table, member: UvMember | null): PythonInstaller {
  const only = member === null ? '' : ` --package ${member.name}`;
  const others = member?.folders ?? [];
  const required = textAt(tableAt(pyproject, 'tool', 'uv'), 'required-version');
  const isPlain = required !== null && /^[\w.=<>~!, ]+$/.test(required);
  const version = !isPlain ? '' : /^\d/.test(required) ? `==${required}` : required;
  return {
    ...{ name: 'uv', setUp: version === '' ? 'pip install uv' : `pip install "uv${version}"` },
    environment: {
      UV_PROJECT_ENVIRONMENT: '/opt/venv',
      // The cache is on another file system.
      UV_LINK_MODE: 'copy',
      UV_COMPILE_BYTECODE: '1',
      UV_PYTHON_DOWNLOADS: 'never',
    },
    ...{
      makesVenv: true,
      files: [
        { from: ['pyproject.toml', 'uv.lock'], to: './' },
        ...others.map((folder) => ({ from: [`${folder}/pyproject.toml`], to: `${folder}/` })),
      ],
      cache: '/root/.cache/uv',
    },
    // Packages of a workspace are not there yet to be held against the lock file, which the second time does.
    install:
      member === null
        ? 'uv sync --locked --no-dev --no-install-project'
        : `uv sync --frozen --no-dev --no-install-workspace${only}`,
    // Inexact: what was added stays.
    installProject: `uv sync --locked --no-dev --no-editable --inexact${only}`,
    add: 'uv pip install --python /opt/venv',
  };
}

function cannot(seen: string, answer: string): { question: Question } {
  return { question: { name: null, seen, answer } };
}
