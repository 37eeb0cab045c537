import { execForm, type Overrides, PORT } from '../build-plan.ts';

/**
 * What a build leaves: a jar of Spring Boot, taken apart or not; the folder of Quarkus; one jar with all in it; or a jar beside
 * those that it uses.
 */
export type Layout = 'boot-layers' | 'boot' | 'quarkus' | 'fat' | 'classes';

type Parts = {
  image: string;
  runtime: string;
  tool: 'maven' | 'gradle';
  layout: Layout;
  /** The folder of the module that is built; null where it is the whole. */
  folder: string | null;
  command: readonly string[];
  environment: Readonly<Record<string, string>>;
  overrides: Overrides;
};

export function javaDockerfile(parts: Parts): string {
  const { image, runtime, tool, folder, command, environment, overrides } = parts;
  const cache = `--mount=type=cache,sharing=locked,target=${tool === 'maven' ? '/root/.m2' : '/home/gradle/.gradle'}`;
  const install = overrides.install === undefined ? '' : `RUN ${cache} ${overrides.install}\n`;
  const written = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const below = folder === null ? '' : `${folder}/`;
  const build = overrides.build === undefined ? [usualBuild(parts)] : [overrides.build, ...toolSteps(parts)];
  return `# The tools stay here: only what they make goes on. Packages that were fetched before are kept beside the layers.
FROM ${image} AS build
WORKDIR /src
COPY . .
${install}RUN ${cache} \\
    ${[...build, ...gather(parts, below)].join(' && \\\n    ')}

# What runs. What changes seldom comes first, so that a changed source line sends little.
FROM ${runtime}
WORKDIR /app
${copies(parts)}ENV ${written.join(' ')}
# A number, not a name: so the platform can see that it is not root.
USER 1000
EXPOSE ${PORT}
CMD ${execForm(command)}
`;
}

function usualBuild(parts: Parts): string {
  return parts.tool === 'maven' ? mavenBuild(parts) : gradleBuild(parts);
}

/** What has to follow a build that is told: the jars that the program uses, which the usual build brings along. */
function toolSteps(parts: Parts): string[] {
  const { tool, layout, folder } = parts;
  if (layout !== 'classes') return [];
  if (tool === 'gradle') return [gradleBuild(parts)];
  // What it uses of other modules is only there as a jar in the same run that makes it.
  return [folder === null ? `${MAVEN}${COPY_USED}` : mavenBuild(parts)];
}

const MAVEN = 'mvn --batch-mode --no-transfer-progress';
const COPY_USED = ' dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/out/lib';

function mavenBuild({ folder, layout }: Parts): string {
  const only = folder === null ? '' : ` --projects ${folder} --also-make`;
  const used = layout === 'classes' ? COPY_USED : '';
  return `${MAVEN} -DskipTests${only} package${used}`;
}

function gradleBuild({ folder, layout }: Parts): string {
  const project = folder === null ? '' : `:${folder.replaceAll('/', ':')}:`;
  const task = layout === 'quarkus' ? 'quarkusBuild' : layout === 'classes' ? 'installDist' : 'bootJar';
  return `gradle --no-daemon --console=plain ${project}${task}`;
}

/** The commands that put what was made into /out. */
function gather({ tool, layout }: Parts, below: string): string[] {
  if (layout === 'quarkus') {
    return [`cp -r ${below}${tool === 'maven' ? 'target' : 'build'}/quarkus-app /out`];
  }
  if (tool === 'gradle' && layout === 'classes') {
    // Its own jar is among those that it uses.
    return ['mkdir -p /out', `cp -r ${below}build/install/*/lib /out/lib`];
  }
  const folder = `${below}${tool === 'maven' ? 'target' : 'build/libs'}`;
  const others = [
    'original-*',
    '*-sources.jar',
    '*-javadoc.jar',
    '*-tests.jar',
    '*-plain.jar',
    '*-dependencies.jar',
  ];
  const not = others.map((name) => `! -name '${name}'`).join(' ');
  // Else cp would say it, in words of its own.
  const take = `set -- $(find ${folder} -maxdepth 1 -name '*.jar' ${not} | sort) && \\
    if [ $# -ne 1 ]; then echo "The build leaves $# jars in ${folder}, of which one is to be run: $*. Have it leave one, or add a Dockerfile." >&2; exit 1; fi && \\
    cp "$1" /out/app.jar`;
  const apart = 'java -Djarmode=tools -jar /out/app.jar extract --layers --destination /layers';
  return layout === 'boot-layers' ? ['mkdir -p /out', take, apart] : ['mkdir -p /out/lib', take];
}

function copies({ tool, layout }: Parts): string {
  const copy = (from: string, to: string): string => `COPY --from=build ${from} ${to}\n`;
  if (layout === 'boot-layers') {
    const layers = ['dependencies', 'spring-boot-loader', 'snapshot-dependencies', 'application'];
    return layers.map((layer) => copy(`/layers/${layer}/`, './')).join('');
  }
  if (layout === 'quarkus') {
    const folders = ['lib', 'app', 'quarkus'].map((folder) => copy(`/out/${folder}/`, `./${folder}/`));
    return [...folders, copy('/out/*.jar', './')].join('');
  }
  const used = layout === 'classes' ? copy('/out/lib/', './lib/') : '';
  return layout === 'classes' && tool === 'gradle' ? used : used + copy('/out/app.jar', './');
}
