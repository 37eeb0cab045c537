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
import { wordsOf } from '../procfile.ts';
import { findApp, type PythonApp } from './python-apps.ts';
import { pythonDockerfile } from './python-dockerfile.ts';
import { findInstaller, PLAIN_PIP } from './python-packages.ts';
import { askedVersions, type PythonProject, readProject } from './python-project.ts';
import { minorFor } from './python-version.ts';
import { type UvMember, uvMemberOf } from './python-workspace.ts';

const MARKS = [
  'requirements.txt',
  'pyproject.toml',
  'Pipfile',
  'manage.py',
  'main.py',
  'app.py',
  'server.py',
];

/**
 * A server of Python, with what pip, uv, Poetry or Pipenv installs, or without any package. `member` for one of a workspace of
 * uv, and `tree` is then what is below its own folder, and what counts for all; left out: what is at the top.
 */
export function detectPython(
  tree: FileTree,
  overrides: Overrides,
  member: UvMember | null = uvMemberOf(tree, null)?.member ?? null,
): BuildPlan | null {
  const mark = MARKS.find((path) => hasFile(tree, path));
  if (mark === undefined) return null;
  const read = readProject(tree);
  if ('broken' in read)
    return ask({ name: null, seen: `${read.broken} is no TOML.`, answer: `Correct ${read.broken}.` });
  const { project } = read;
  const decisions: Decision[] = [{ what: 'Python', why: 'its files are there', from: mark }];
  const questions: Question[] = [];
  const minor = chooseMinor(tree, { project, overrides }, { decisions, questions });
  const found = chooseInstaller(tree, { project, overrides, member }, decisions);
  if ('question' in found) questions.push(found.question);
  const app = chooseApp(tree, { project, overrides }, { decisions, questions });
  if (questions.length > 0 || app === null || !('installer' in found)) return ask(...questions);
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const image = `python:${minor}-slim`;
  return {
    kind: 'planned',
    language: 'Python',
    framework: app.framework,
    decisions,
    images: [image],
    dockerignore: dockerignoreWith('**/.venv', '**/venv', '**/__pycache__', '**/*.pyc'),
    dockerfile: pythonDockerfile(image, {
      ...{ app, installer: found.installer, isPackage: project.isPackage, member },
    }),
  };
}

type Known = { project: PythonProject; overrides: Overrides };
type Chosen = { decisions: Decision[]; questions: Question[] };

function chooseInstaller(
  tree: FileTree,
  { project, overrides: { install }, member }: Known & { member: UvMember | null },
  decisions: Decision[],
): ReturnType<typeof findInstaller> {
  const found = findInstaller(tree, project, decisions, { isTold: install !== undefined, member });
  if (install === undefined || 'question' in found) return found;
  decisions.push({ what: `installs by "${install}"`, why: 'you said so', from: null });
  const known = found.installer ?? PLAIN_PIP;
  return { installer: { ...known, install, files: [{ from: ['.'], to: './' }] } };
}

function chooseMinor(
  tree: FileTree,
  { project, overrides }: Known,
  { decisions, questions }: Chosen,
): string {
  const said = overrides.pythonVersion;
  const [asked] = said === undefined ? askedVersions(tree, project) : [{ from: null, text: said }];
  const minor = minorFor(asked?.text ?? null);
  if (minor === null) {
    questions.push({
      name: 'pythonVersion',
      seen: `${asked?.from ?? 'The override'} asks for Python "${asked?.text}".`,
      answer: 'Name one version, such as 3.13.',
    });
    return '';
  }
  const why = asked === undefined ? 'nothing asks for another' : `"${asked.text}" is asked for`;
  decisions.push({ what: `Python 3.${minor}`, why, from: asked?.from ?? null });
  return `3.${minor}`;
}

function chooseApp(
  tree: FileTree,
  { project, overrides }: Known,
  { decisions, questions }: Chosen,
): PythonApp | null {
  const found = findApp(tree, project);
  const app = withOverrides(found, overrides);
  if (app === null) {
    questions.push({
      name: 'start',
      seen: 'Neither a framework that is known here nor a main.py says how it is started.',
      answer: 'Say how the app is started, or add a Procfile.',
    });
    return null;
  }
  decisions.push({ what: `starts ${execForm(app.start)}`, why: app.why, from: app.from });
  if (app.added !== null) {
    const why = `${app.framework} brings no server for production, and none is among the packages`;
    decisions.push({ what: `adds ${app.added}`, why, from: null });
  }
  if (app.build !== null) {
    const why = overrides.build === undefined ? 'STATIC_ROOT is set' : 'you said so';
    decisions.push({ what: `builds with "${app.build}"`, why, from: null });
  }
  return app;
}

function withOverrides(found: PythonApp | null, { start, build }: Overrides): PythonApp | null {
  if (start === undefined) return found === null || build === undefined ? found : { ...found, build };
  return {
    framework: found?.framework ?? null,
    start: wordsOf(start),
    why: 'you said so',
    from: null,
    added: null,
    build: build ?? found?.build ?? null,
    needsInstalled: found?.needsInstalled ?? false,
  };
}
