import {
  type Decision,
  execForm,
  type FileTree,
  hasFile,
  type Overrides,
  type Question,
} from '../build-plan.ts';
import { webOfProcfile, wordsOf } from '../procfile.ts';
import { type Framework, isForDevelopment } from './node-frameworks.ts';
import type { Manifest } from './node-manifest.ts';

type Chosen = { decisions: Decision[]; questions: Question[] };

/** What serves, and leaves to the project how it is built and started. */
const SERVERS = {
  express: 'Express',
  fastify: 'Fastify',
  hono: 'Hono',
  koa: 'Koa',
  '@hapi/hapi': 'hapi',
};

/** The name of the server among its packages; null where there is none that is known. */
export function serverOf({ dependencies }: Manifest): string | null {
  return Object.entries(SERVERS).find(([name]) => dependencies.has(name))?.[1] ?? null;
}

/** What many call "start:prod" is for production, where "start" is not. */
function startScript({ scripts }: Manifest): { name: string; script: string | undefined } {
  const { start, 'start:prod': forProduction } = scripts;
  return forProduction !== undefined && isForDevelopment(start ?? '')
    ? { name: 'start:prod', script: forProduction }
    : { name: 'start', script: start };
}

type Known = { manifest: Manifest; overrides: Overrides; framework: Framework | null };

/** Null where it cannot be told, which is asked then. */
export function chooseStart(
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
  const { name, script } = startScript(manifest);
  // "next start" does not serve what was built standalone.
  const isReplaced = framework !== null && (isForDevelopment(script ?? '') || framework.output !== undefined);
  if (script !== undefined && !isReplaced) {
    // Started without npm, the app gets its signals first hand. A script with a shell's syntax, or around which npm runs others, needs npm.
    const isPlain = /^(node|bun)( [\w./-]+)+$/.test(script) && !(`pre${name}` in manifest.scripts);
    const why = name === 'start' ? 'it is the start script' : 'the start script is for development';
    return decide(
      isPlain ? script.trim().split(/\s+/) : name === 'start' ? ['npm', 'start'] : ['npm', 'run', name],
      why,
      'package.json',
    );
  }
  if (framework !== null) return decide(framework.start, `so ${framework.name} is started`, 'package.json');
  if (hasFile(tree, 'server.js'))
    return decide(['node', 'server.js'], 'npm starts it where there is no start script', 'server.js');
  const server = serverOf(manifest);
  const file = [manifest.main, 'index.js', 'app.js'].find((path) => path !== null && hasFile(tree, path));
  if (server !== null && file != null)
    return decide(['node', file], `${server} is among the packages, and it is there under this name`, file);
  questions.push(
    manifest.dependencies.has('@sveltejs/kit')
      ? {
          name: 'start',
          seen: 'SvelteKit has no adapter that makes a server or files.',
          answer: 'Use @sveltejs/adapter-node or adapter-static, or say how it is started.',
        }
      : {
          name: 'start',
          seen: 'package.json has no start script.',
          answer: 'Say how the app is started, or add the script.',
        },
  );
  return null;
}
