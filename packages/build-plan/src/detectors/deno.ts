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
import { isTable, type Table, textAt } from '../toml.ts';

const CONFIGS = ['deno.json', 'deno.jsonc'];
const LOCK = 'deno.lock';
const NAMES = ['main', 'server', 'mod', 'app', 'index'];
const ENTRIES = ['', 'src/'].flatMap((folder) =>
  NAMES.flatMap((name) => ['ts', 'tsx', 'js', 'mjs'].map((end) => `${folder}${name}.${end}`)),
);
/** There are images of whole versions only. */
const USUAL = '2.9.6';

/** A server that Deno runs as it is written. */
export function detectDeno(tree: FileTree, overrides: Overrides): BuildPlan | null {
  const config = CONFIGS.find((path) => hasFile(tree, path)) ?? null;
  const entries = ENTRIES.filter((path) => hasFile(tree, path));
  const speaksDeno = entries.some((path) =>
    /\bDeno\.serve\b|from ["'](?:jsr|npm):/.test(tree.readText(path) ?? ''),
  );
  if (config === null && (!speaksDeno || hasFile(tree, 'package.json'))) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const read = config === null ? {} : readConfig(tree.readText(config) ?? '');
  if (read === null)
    questions.push({ name: null, seen: `${config} is no JSON object.`, answer: 'Correct it.' });
  const tasks = isTable(read?.tasks) ? read.tasks : {};
  const version = chooseDeno(tree, overrides, { decisions, questions });
  const command = chooseCommand(tree, { config, tasks, entries, overrides }, { decisions, questions });
  if (questions.length > 0 || version === null || command === null) return ask(...questions);
  const build = chooseBuild({ config, tasks, overrides }, decisions);
  const isFrozen = hasFile(tree, LOCK);
  decisions.push({
    what: `installs with Deno${isFrozen ? '' : ', the versions not pinned'}`,
    why: isFrozen ? 'its lock file is there' : 'no deno.lock says which; "deno install" writes one',
    from: isFrozen ? LOCK : config,
  });
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const image = `denoland/deno:${version}`;
  const text = `${JSON.stringify(read)} ${entries.map((path) => tree.readText(path) ?? '').join(' ')}`;
  return {
    kind: 'planned',
    language: 'Deno',
    framework: frameworkOf(text),
    decisions,
    images: [image],
    dockerignore: dockerignoreWith('**/node_modules', '**/.npmrc'),
    dockerfile: dockerfileOf({
      image,
      manifests: [
        config,
        isFrozen ? LOCK : null,
        hasFile(tree, 'package.json') ? 'package.json' : null,
      ].filter((path) => path !== null),
      isFrozen,
      entry: entries[0] ?? null,
      build,
      command,
      overrides,
    }),
  };
}

function frameworkOf(text: string): string | null {
  if (/@fresh\/core|\$fresh|\/fresh@/.test(text)) return 'Fresh';
  if (/@hono\/hono|npm:hono/.test(text)) return 'Hono';
  return /@oak\/oak|\/oak@/.test(text) ? 'Oak' : null;
}

function chooseDeno(
  tree: FileTree,
  { denoVersion }: Overrides,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): string | null {
  const places = [
    { from: null, text: denoVersion },
    ...['.dvmrc', '.deno-version'].map((from) => ({ from, text: tree.readText(from) ?? undefined })),
    { from: '.tool-versions', text: /^deno\s+(\S+)/m.exec(tree.readText('.tool-versions') ?? '')?.[1] },
  ];
  const found = places.find(({ text }) => text !== undefined);
  if (found?.text === undefined) {
    decisions.push({ what: `Deno ${USUAL}`, why: 'nothing asks for another', from: null });
    return USUAL;
  }
  const text = found.text.trim().replace(/^v/, '');
  const isUsual = /^\d+(\.\d+)?$/.test(text) && `${USUAL}.`.startsWith(`${text}.`);
  if (!isUsual && !/^\d+\.\d+\.\d+$/.test(text)) {
    questions.push({
      name: 'denoVersion',
      seen: `${found.from ?? 'The override'} asks for Deno "${text}".`,
      answer: `Name a whole version, such as ${USUAL}: there are images of those alone.`,
    });
    return null;
  }
  const version = isUsual ? USUAL : text;
  const why = found.from === null ? 'you said so' : 'it is asked for';
  decisions.push({ what: `Deno ${version}`, why, from: found.from });
  return version;
}

type Starting = { config: string | null; tasks: Table; entries: readonly string[]; overrides: Overrides };

function chooseCommand(
  tree: FileTree,
  { config, tasks, entries, overrides }: Starting,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): readonly string[] | null {
  const decide = (command: readonly string[], why: string, from: string | null): readonly string[] => {
    decisions.push({ what: `starts ${execForm(command)}`, why, from });
    return command;
  };
  if (overrides.start !== undefined) return decide(wordsOf(overrides.start), 'you said so', null);
  const web = webOfProcfile(tree);
  if (web !== null) return decide(wordsOf(web), 'it is what the web process runs', 'Procfile');
  const task = ['start', 'serve'].find((name) => taskOf(tasks, name) !== null);
  if (task !== undefined) {
    const line = taskOf(tasks, task) ?? '';
    // What a shell would have to read stays a task.
    const isPlain = /^deno\s[\w\s@:=,./-]+$/.test(line);
    return decide(
      isPlain ? line.trim().split(/\s+/) : ['deno', 'task', task],
      `it is its task "${task}"`,
      config,
    );
  }
  const [entry] = entries;
  if (entry === undefined) {
    questions.push({
      name: 'start',
      seen: `There is no task "start", and none of ${NAMES.map((name) => `${name}.ts`).join(', ')}.`,
      answer: 'Say what starts it, such as "deno run --allow-net web.ts".',
    });
    return null;
  }
  const permissions = ['--allow-net', '--allow-env', '--allow-read=.'];
  const text = tree.readText(entry) ?? '';
  const isServed = /\bexport\s+default\b/.test(text) && !/\bDeno\.serve\b/.test(text);
  const words = isServed
    ? ['deno', 'serve', '--host', '0.0.0.0', '--port', String(PORT), ...permissions, entry]
    : ['deno', 'run', ...permissions, entry];
  const why = `by its name it is the one that is started; it may use the network, read its folder and the environment`;
  return decide(words, why, entry);
}

function chooseBuild(
  { config, tasks, overrides }: { config: string | null; tasks: Table; overrides: Overrides },
  decisions: Decision[],
): string | null {
  const isTask = taskOf(tasks, 'build') !== null;
  const build = overrides.build ?? (isTask ? 'deno task build' : null);
  if (build === null) return null;
  const isSaid = overrides.build !== undefined;
  decisions.push({
    what: `builds with "${build}"`,
    why: isSaid ? 'you said so' : 'it has a task for that',
    from: isSaid ? null : config,
  });
  return build;
}

/** A task is a command, or an object with one. */
function taskOf(tasks: Table, name: string): string | null {
  const task = Object.hasOwn(tasks, name) ? tasks[name] : null;
  return isTable(task) ? textAt(task, 'command') : textAt(tasks, name);
}

/** With comments and commas at ends, as Deno reads it. Null where it is no object. */
function readConfig(text: string): Table | null {
  const plain = text.replaceAll(
    /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=\s*[}\]])/g,
    (_, kept: string | undefined) => kept ?? '',
  );
  try {
    const value: unknown = JSON.parse(plain);
    return isTable(value) ? value : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

type Parts = {
  image: string;
  manifests: readonly string[];
  isFrozen: boolean;
  entry: string | null;
  build: string | null;
  command: readonly string[];
  overrides: Overrides;
};

function dockerfileOf({ image, manifests, isFrozen, entry, build, command, overrides }: Parts): string {
  const frozen = isFrozen ? ' --frozen' : '';
  const install = overrides.install ?? (manifests.length > 0 ? `deno install${frozen}` : null);
  const lines = [
    ...(overrides.install === undefined && manifests.length > 0
      ? [`COPY ${manifests.join(' ')} ./`]
      : ['COPY . .']),
    ...(install === null ? [] : [`RUN ${install}`]),
    ...(overrides.install === undefined && manifests.length > 0 ? ['COPY . .'] : []),
    ...(build === null ? [] : [`RUN ${build}`]),
    // What it uses is fetched and compiled now, and not when it starts.
    ...(entry === null ? [] : [`RUN deno cache${frozen} ${entry}`]),
  ];
  return `FROM ${image}
WORKDIR /app
ENV DENO_DIR=/deno-dir \\
    DENO_NO_UPDATE_CHECK=1 \\
    DENO_SERVE_ADDRESS=tcp:0.0.0.0:${PORT} \\
    PORT=${PORT}
${lines.join('\n')}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
ENTRYPOINT []
CMD ${execForm(command)}
`;
}
