import { type FileTree, hasFile } from '../build-plan.ts';
import { readCode } from './java-text.ts';

/** What a project's own build file says, whichever tool it is of. */
export type JavaProject = {
  tool: 'maven' | 'gradle';
  /** The build file. */
  file: string;
  language: 'Java' | 'Kotlin';
  framework: 'Spring Boot' | 'Quarkus' | 'Micronaut' | 'Ktor' | 'Javalin' | null;
  /** Whether Spring Boot's own plugin packs it. */
  isPackedByBoot: boolean;
  /** Whether its Spring Boot takes its jar apart by the tools that 3.3 brought. */
  hasLayers: boolean;
  /** Whether its build puts everything into one jar that is run by itself. */
  isFat: boolean;
  /** The class that it says is the one to run. */
  mainClass: string | null;
  /** Why no server comes of it; null where one may. */
  refusal: 'modules' | 'war' | 'android' | 'no application' | null;
  /** The version that its wrapper asks for; null where there is none. */
  wrapper: string | null;
};

export const MAVEN_FILE = 'pom.xml';
const GRADLE_FILES = ['build.gradle.kts', 'build.gradle'];

/** Null where neither tool builds the tree. `top` is where a workspace begins, and has what all of its modules share. */
export function readJavaProject(tree: FileTree, top: FileTree): JavaProject | null {
  if (hasFile(tree, MAVEN_FILE)) return readMaven(tree, top);
  const file = GRADLE_FILES.find((path) => hasFile(tree, path));
  return file === undefined ? null : readGradle(tree, top, file);
}

function readMaven(tree: FileTree, top: FileTree): JavaProject {
  const own = readCode(tree, MAVEN_FILE);
  const all = top === tree ? own : `${own}\n${readCode(top, MAVEN_FILE)}`;
  const packaging = /<packaging>\s*(\w+)/.exec(own)?.[1] ?? 'jar';
  const framework = frameworkOf(own, 'spring-boot-maven-plugin|spring-boot-starter', 'quarkus-maven-plugin');
  const boot = /<artifactId>\s*spring-boot[\w-]*\s*<\/artifactId>\s*<version>\s*(\d+)\.(\d+)/.exec(all);
  const isWar = packaging === 'war';
  return {
    tool: 'maven',
    file: MAVEN_FILE,
    language: own.includes('kotlin-maven-plugin') ? 'Kotlin' : 'Java',
    framework,
    isPackedByBoot: framework === 'Spring Boot' && all.includes('spring-boot-maven-plugin'),
    hasLayers: hasTools(boot),
    isFat: framework === 'Micronaut' || own.includes('maven-shade-plugin'),
    mainClass: mavenMain(own),
    refusal: packaging === 'pom' && /<modules>|<module>/.test(own) ? 'modules' : isWar ? 'war' : null,
    wrapper: null,
  };
}

function mavenMain(pom: string): string | null {
  const names = ['mainClass', 'exec\\.mainClass', 'main\\.class', 'start-class'];
  for (const name of names) {
    const text = new RegExp(`<${name}>\\s*([\\w.$\{}-]+)\\s*<`).exec(pom)?.[1] ?? '';
    const property = /^\$\{([\w.-]+)\}$/.exec(text)?.[1]?.replaceAll('.', '\\.');
    const value =
      property === undefined ? text : new RegExp(`<${property}>\\s*([\\w.]+)\\s*<`).exec(pom)?.[1];
    if (value !== undefined && isClass(value)) return value;
  }
  return null;
}

function readGradle(tree: FileTree, top: FileTree, file: string): JavaProject {
  const own = readCode(tree, file);
  const catalog = top.readText('gradle/libs.versions.toml') ?? '';
  const shared = GRADLE_FILES.map((path) => (top === tree ? '' : readCode(top, path))).join('\n');
  const framework = frameworkOf(
    own,
    'org\\.springframework\\.boot|spring-boot-starter|libs\\.plugins\\.spring',
    'io\\.quarkus|libs\\.plugins\\.quarkus',
  );
  const boot = /org\.springframework\.boot["')\s]*\s*version\s*\(?["'](\d+)\.(\d+)/.exec(
    `${own}\n${shared}\n${catalog}`,
  );
  const isApplication =
    /^[ \t]*(?:`?application`?|id\s*(?:\(\s*)?["'](?:application|io\.ktor\.plugin|io\.micronaut\.application)["']|apply plugin:\s*["']application["'])/m;
  const isKotlin = /kotlin\s*\(\s*["']jvm["']|org\.jetbrains\.kotlin\.jvm|libs\.plugins\.kotlin/.test(own);
  const mainClass = /\b(?:mainClass(?:Name)?)(?:\.set\(|\s*=)\s*["']([\w.$]+)["']/.exec(own)?.[1] ?? null;
  const isPackedByBoot = /org\.springframework\.boot|libs\.plugins\.spring\.?boot/i.test(own);
  const isServer = isPackedByBoot || framework === 'Quarkus' || isApplication.test(own) || mainClass !== null;
  const url = /^distributionUrl\s*=.*\/gradle-(\d+(?:\.\d+)*)-/m;
  return {
    tool: 'gradle',
    file,
    language: isKotlin ? 'Kotlin' : 'Java',
    framework,
    isPackedByBoot,
    hasLayers: hasTools(boot),
    isFat: false,
    mainClass: mainClass !== null && isClass(mainClass) ? mainClass : null,
    refusal: /com\.android\.(application|library)/.test(own) ? 'android' : isServer ? null : 'no application',
    wrapper: url.exec(top.readText('gradle/wrapper/gradle-wrapper.properties') ?? '')?.[1] ?? null,
  };
}

function frameworkOf(text: string, spring: string, quarkus: string): JavaProject['framework'] {
  if (new RegExp(quarkus).test(text)) return 'Quarkus';
  if (new RegExp(spring).test(text)) return 'Spring Boot';
  if (/io\.micronaut|micronaut-parent/.test(text)) return 'Micronaut';
  if (/io\.ktor|libs\.ktor/.test(text)) return 'Ktor';
  return /io\.javalin|libs\.javalin/.test(text) ? 'Javalin' : null;
}

function hasTools(version: RegExpExecArray | null): boolean {
  const [, major, minor] = version ?? [];
  return Number(major) > 3 || (Number(major) === 3 && Number(minor) >= 3);
}

function isClass(text: string): boolean {
  return /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(text);
}
