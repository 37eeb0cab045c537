import {
  ask,
  type BuildPlan,
  type Decision,
  dockerignoreWith,
  execForm,
  type FileTree,
  type Overrides,
  PORT,
  type Question,
} from '../build-plan.ts';
import { webOfProcfile, wordsOf } from '../procfile.ts';
import { javaDockerfile, type Layout } from './java-dockerfile.ts';
import { chooseGradle } from './java-gradle.ts';
import { mainClasses } from './java-text.ts';
import { type JavaProject, readJavaProject } from './java-tools.ts';
import { type ChosenJava, chooseJava } from './java-version.ts';

/** Half of the memory would be a JVM's own choice; what it cannot have ends it, so that it is started anew. */
const FLAGS = ['-XX:MaxRAMPercentage=75', '-XX:+ExitOnOutOfMemoryError'];

/** What has to be told where to listen by names of its own. */
const TOLD: Partial<Record<string, Record<string, string>>> = {
  'Spring Boot': { SERVER_PORT: String(PORT) },
  Quarkus: { QUARKUS_HTTP_HOST: '0.0.0.0', QUARKUS_HTTP_PORT: String(PORT) },
  Micronaut: { MICRONAUT_SERVER_PORT: String(PORT) },
};

const REFUSALS: Record<Exclude<JavaProject['refusal'], null>, Omit<Question, 'seen'> & { seen: string }> = {
  modules: {
    name: 'directory',
    seen: 'names modules, and is none itself.',
    answer: 'Say which folder is to be built.',
  },
  war: {
    name: null,
    seen: 'makes a war, which a server of its own runs.',
    answer: 'Add a Dockerfile with that server.',
  },
  android: {
    name: null,
    seen: 'is of an app for Android.',
    answer: 'Choose the folder that holds a server.',
  },
  'no application': {
    name: null,
    seen: 'makes nothing that is started.',
    answer: 'Add the plugin "application" with its mainClass, or choose the folder that holds it.',
  },
};

/**
 * What Maven or Gradle builds and Java runs. `place` for a module that is built where it is in a larger tree, with what it
 * uses of that.
 */
export function detectJava(
  tree: FileTree,
  overrides: Overrides,
  place: { top: FileTree; folder: string } | null = null,
): BuildPlan | null {
  const top = place?.top ?? tree;
  const project = readJavaProject(tree, top);
  if (project === null) return null;
  const decisions: Decision[] = [];
  const questions: Question[] = [];
  const asked = chooseJava(tree, top, overrides, { decisions, questions });
  const { tool, file, refusal, language, framework } = project;
  if (refusal !== null) {
    const { name, seen, answer } = REFUSALS[refusal];
    questions.push({ name, seen: `${file} ${seen}`, answer });
  }
  const built = asked === null ? null : chooseBuilder(project, asked, { decisions, questions });
  const layout = layoutOf(project);
  const command =
    refusal === null ? chooseCommand(tree, project, overrides, { layout, decisions, questions }) : null;
  if (questions.length > 0 || built === null || command === null) return ask(...questions);
  decisions.push({ what: `PORT is ${PORT}`, why: 'a user that is not root may listen there', from: null });
  const { image } = built;
  const runtime = `eclipse-temurin:${built.java}-jre`;
  return {
    kind: 'planned',
    language,
    framework,
    decisions,
    images: [image, runtime],
    dockerignore: dockerignoreWith('**/target', '**/build', '**/.gradle'),
    dockerfile: javaDockerfile({
      image,
      runtime,
      tool,
      layout,
      folder: place?.folder ?? null,
      command,
      environment: { PORT: String(PORT), ...TOLD[framework ?? ''] },
      overrides,
    }),
  };
}

/** The image that builds it, and the Java that runs it. */
function chooseBuilder(
  { tool, wrapper }: JavaProject,
  asked: ChosenJava,
  chosen: { decisions: Decision[]; questions: Question[] },
): { image: string; java: number } | null {
  if (tool === 'maven') {
    chosen.decisions.push({ what: 'builds with Maven 3', why: 'there is a pom.xml', from: 'pom.xml' });
    return { image: `maven:3-eclipse-temurin-${asked.version}`, java: asked.version };
  }
  const found = chooseGradle(wrapper, asked, chosen);
  return found === null ? null : { image: `gradle:${found.gradle}-jdk${found.buildJava}`, java: found.java };
}

function layoutOf({ tool, framework, isPackedByBoot, hasLayers, isFat }: JavaProject): Layout {
  if (framework === 'Quarkus') return 'quarkus';
  if (isPackedByBoot) return hasLayers ? 'boot-layers' : 'boot';
  if (tool === 'gradle') return 'classes';
  return isFat ? 'fat' : 'classes';
}

type Choosing = { layout: Layout; decisions: Decision[]; questions: Question[] };

function chooseCommand(
  tree: FileTree,
  { tool, file, mainClass }: JavaProject,
  { start }: Overrides,
  { layout, decisions, questions }: Choosing,
): readonly string[] | null {
  const decide = (command: readonly string[], why: string, from: string | null): readonly string[] => {
    decisions.push({ what: `starts ${execForm(command)}`, why, from });
    return command;
  };
  if (start !== undefined) return decide(wordsOf(start), 'you said so', null);
  const jar = layout === 'quarkus' ? 'quarkus-run.jar' : 'app.jar';
  if (layout !== 'classes') {
    const told = toldByProcfile(tree, jar);
    if (told !== null) return decide(wordsOf(told), 'it is what the web process runs', 'Procfile');
    return decide(['java', ...FLAGS, '-jar', jar], 'its build makes a jar that is run', file);
  }
  const found = mainClasses(tree);
  const main = mainClass ?? (found.length === 1 ? found[0] : undefined);
  if (main === undefined) {
    questions.push({
      name: 'start',
      seen: found.length === 0 ? 'No class has a main.' : `Classes with a main: ${found.join(', ')}.`,
      answer: `Name the one to run as mainClass in ${file}, or say a command such as "java -cp app.jar:lib/* org.example.Main".`,
    });
    return null;
  }
  const why = mainClass === null ? 'it is the only class with a main' : 'it is the main class';
  return decide(
    ['java', ...FLAGS, '-cp', tool === 'maven' ? 'app.jar:lib/*' : 'lib/*', main],
    why,
    mainClass === null ? null : file,
  );
}

/** A Procfile names the jar where the build left it; in the image it is elsewhere. */
function toldByProcfile(tree: FileTree, jar: string): string | null {
  const line = webOfProcfile(tree);
  const built = /(?<= )(?:[\w.-]+\/)*(?:target|build\/libs|quarkus-app)\/[\w.*-]+\.jar(?= |$)/;
  return line?.startsWith('java ') === true && built.test(line) ? line.replace(built, jar) : null;
}
