import { type FileTree, hasFile, PORT } from '../build-plan.ts';
import { webOfProcfile, wordsOf } from '../procfile.ts';
import type { PythonProject } from './python-project.ts';

/** How an app of Python is started. */
export type PythonApp = {
  framework: string | null;
  start: readonly string[];
  why: string;
  from: string | null;
  /** A package that starts it and that the project does not have; null where it has all. */
  added: string | null;
  /** What is done with the source in the build; null for nothing. */
  build: string | null;
  needsInstalled: boolean;
};

const FIRST = ['main', 'app', 'wsgi', 'asgi', 'server', 'api', 'application', 'run'];
const GUNICORN = ['gunicorn', '--worker-tmp-dir', '/dev/shm'];
const UVICORN = ['uvicorn', '--host', '0.0.0.0', '--port', String(PORT)];
const ASGI: readonly { dependency: string; name: string; made: RegExp }[] = [
  { dependency: 'fastapi', name: 'FastAPI', made: madeBy('FastAPI') },
  { dependency: 'litestar', name: 'Litestar', made: madeBy('Litestar') },
  { dependency: 'starlette', name: 'Starlette', made: madeBy('Starlette') },
];

/** Null where neither a convention nor a framework tells it. */
export function findApp(tree: FileTree, project: PythonProject): PythonApp | null {
  const known =
    ofDjango(tree, project) ??
    ofAsgi(tree, project) ??
    ofFlask(tree, project) ??
    ofStreamlit(tree, project) ??
    ofFiles(tree, project);
  const line = webOfProcfile(tree);
  if (line === null) return known;
  const start = { start: wordsOf(line), why: 'it is what the web process runs', from: 'Procfile' };
  return { ...(known ?? plainApp()), ...start, added: null };
}

function plainApp(): PythonApp {
  return { framework: null, start: [], why: '', from: null, added: null, build: null, needsInstalled: false };
}

function ofDjango(tree: FileTree, { dependencies }: PythonProject): PythonApp | null {
  if (!dependencies.has('django') || !hasFile(tree, 'manage.py')) return null;
  const isAsgi = dependencies.has('uvicorn') && !dependencies.has('gunicorn');
  const kind = isAsgi ? 'asgi' : 'wsgi';
  const files = sources(tree).filter(
    (path) =>
      path.endsWith(`/${kind}.py`) && tree.readText(path)?.includes(`get_${kind}_application`) === true,
  );
  const [file] = files;
  if (file === undefined || files.length > 1) return null;
  const hasStatic = sources(tree).some(
    (path) => /(^|\/)settings(\/\w+)?\.py$/.test(path) && /^STATIC_ROOT\b/m.test(tree.readText(path) ?? ''),
  );
  return {
    ...plainApp(),
    framework: 'Django',
    start: [...(isAsgi ? UVICORN : GUNICORN), `${moduleOf(file)}:application`],
    why: 'so Django is served',
    from: file,
    added: isAsgi || dependencies.has('gunicorn') ? null : 'gunicorn',
    build: hasStatic ? 'SECRET_KEY=only-for-the-build python manage.py collectstatic --noinput' : null,
  };
}

function ofAsgi(tree: FileTree, project: PythonProject): PythonApp | null {
  const known = ASGI.find(({ dependency }) => project.dependencies.has(dependency));
  if (known === undefined) return null;
  const found = findMade(tree, known.made);
  if (found === null) return null;
  const hasUvicorn = ['uvicorn', 'fastapi[standard]', 'fastapi[all]', 'litestar[standard]'].some((name) =>
    project.dependencies.has(name),
  );
  return {
    ...plainApp(),
    framework: known.name,
    start: [...UVICORN, `${moduleIn(found.file, project)}:${found.variable}`],
    why: `so ${known.name} is served`,
    from: found.file,
    added: hasUvicorn ? null : 'uvicorn',
    needsInstalled: isInSourceFolder(found.file, project),
  };
}

function ofFlask(tree: FileTree, project: PythonProject): PythonApp | null {
  if (!project.dependencies.has('flask')) return null;
  const made = findMade(tree, madeBy('Flask'));
  const factory = made ?? findMade(tree, /^def (create_app|make_app)\(/m);
  if (factory === null) return null;
  const app = `${moduleIn(factory.file, project)}:${factory.variable}${made === null ? '()' : ''}`;
  return {
    ...plainApp(),
    framework: 'Flask',
    start: [...GUNICORN, app],
    why: 'so Flask is served',
    from: factory.file,
    added: project.dependencies.has('gunicorn') ? null : 'gunicorn',
    needsInstalled: isInSourceFolder(factory.file, project),
  };
}

function ofStreamlit(tree: FileTree, { dependencies }: PythonProject): PythonApp | null {
  if (!dependencies.has('streamlit')) return null;
  const file = ['streamlit_app.py', 'app.py', 'main.py'].find((path) => hasFile(tree, path));
  if (file === undefined) return null;
  const flags = [`--server.port=${PORT}`, '--server.address=0.0.0.0', '--server.headless=true'];
  return {
    ...{ ...plainApp(), framework: 'Streamlit', start: ['streamlit', 'run', file, ...flags] },
    ...{ why: 'so Streamlit is started', from: file },
  };
}

/** The one command of a package, or the one file that a start is looked for in. */
function ofFiles(tree: FileTree, { isPackage, commands }: PythonProject): PythonApp | null {
  const [command] = commands;
  if (isPackage && command !== undefined && commands.length === 1) {
    const why = 'it is the only command of the package';
    return { ...plainApp(), start: [command], why, from: 'pyproject.toml', needsInstalled: true };
  }
  const file = ['main.py', 'app.py', 'server.py', 'run.py'].find((path) => hasFile(tree, path));
  if (file === undefined) return null;
  return { ...plainApp(), start: ['python', file], why: 'it is there under this name', from: file };
}

/** Of the project itself, those first that a reader would open first. */
function sources(tree: FileTree): string[] {
  const own = tree.paths.filter(
    (path) =>
      path.endsWith('.py') && !/(^|\/)(\.?v?env|site-packages|node_modules|tests?|migrations)\//.test(path),
  );
  return own.sort((one, other) => {
    const [first, second] = [rankOf(one), rankOf(other)];
    return first === second ? (one < other ? -1 : 1) : first - second;
  });
}

function rankOf(path: string): number {
  const parts = path.split('/');
  const place = FIRST.indexOf((parts.at(-1) ?? '').replace(/\.py$/, ''));
  return parts.length * 100 + (place < 0 ? FIRST.length : place);
}

function findMade(tree: FileTree, made: RegExp): { file: string; variable: string } | null {
  for (const file of sources(tree)) {
    const variable = made.exec(tree.readText(file) ?? '')?.[1];
    if (variable !== undefined) return { file, variable };
  }
  return null;
}

function madeBy(type: string): RegExp {
  return new RegExp(`^([A-Za-z_]\\w*)(?:\\s*:\\s*[\\w.]+)?\\s*=\\s*(?:\\w+\\.)?${type}\\(`, 'm');
}

function moduleOf(file: string): string {
  return file.replace(/(\/__init__)?\.py$/, '').replaceAll('/', '.');
}

/** By the name under which it can be imported: what lies in src/ of a package has another once that is installed. */
function moduleIn(file: string, project: PythonProject): string {
  return moduleOf(isInSourceFolder(file, project) ? file.slice('src/'.length) : file);
}

function isInSourceFolder(file: string, { isPackage }: PythonProject): boolean {
  return isPackage && /^src\/[^/]+\//.test(file);
}
