import { describe, expect, it } from 'vitest';
import type { Overrides } from '../build-plan.ts';
import { planBuild } from '../plan-build.ts';
import { treeOf } from '../testing/file-tree.ts';

const MAIN = 'package shop;\n\npublic class Main {\n  public static void main(String[] args) {}\n}\n';
const MAIN_FILE = 'src/main/java/shop/Main.java';

const pom = (...parts: string[]): string => `<project>${parts.join('')}</project>`;
const dependency = (group: string, artifact: string, version = ''): string =>
  `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>${version}</dependency>`;
const plugin = (artifact: string): string => `<plugin><artifactId>${artifact}</artifactId></plugin>`;
const boot = (version: string): string =>
  `<parent><artifactId>spring-boot-starter-parent</artifactId><version>${version}</version></parent>${plugin('spring-boot-maven-plugin')}`;

const GOLDEN: Record<string, Record<string, string>> = {
  'java-maven-jar': {
    'pom.xml': pom('<maven.compiler.release>17</maven.compiler.release>'),
    [MAIN_FILE]: MAIN,
  },
  'java-maven-shaded': { 'pom.xml': pom(plugin('maven-shade-plugin')), [MAIN_FILE]: MAIN },
  'java-spring-old': { 'pom.xml': pom(boot('2.7.18'), '<java.version>1.8</java.version>') },
  'java-quarkus': { 'pom.xml': pom(plugin('quarkus-maven-plugin')) },
  'java-gradle-application': {
    'build.gradle': "plugins {\n  id 'application'\n}\napplication {\n  mainClass = 'shop.Main'\n}\n",
    'gradle/wrapper/gradle-wrapper.properties':
      'distributionUrl=https\\://services.gradle.org/distributions/gradle-8.14.3-bin.zip\n',
    [MAIN_FILE]: MAIN,
  },
  'kotlin-gradle-spring': {
    'build.gradle.kts':
      'plugins {\n  kotlin("jvm") version "2.2.0"\n  id("org.springframework.boot") version "3.5.0"\n}\nkotlin {\n  jvmToolchain(21)\n}\n',
  },
  'kotlin-gradle-ktor': {
    'build.gradle.kts':
      'plugins {\n  kotlin("jvm") version "2.2.0"\n  id("io.ktor.plugin") version "3.2.0"\n}\napplication {\n  mainClass.set("shop.MainKt")\n}\n',
  },
  'java-maven-module': {
    'pom.xml': pom(
      '<packaging>pom</packaging><modules><module>library</module><module>web</module></modules>',
      boot('3.5.0'),
    ),
    'library/pom.xml': pom('<artifactId>library</artifactId>'),
    'library/src/main/java/library/Prices.java': 'package library;\n',
    'web/pom.xml': pom(plugin('spring-boot-maven-plugin'), dependency('shop', 'library')),
  },
};

const plan = (files: Record<string, string>, overrides: Overrides = {}) =>
  planBuild(treeOf(files), overrides);

function decided(files: Record<string, string>, overrides: Overrides = {}): string[] {
  const planned = plan(files, overrides);
  if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned.questions));
  return planned.decisions.map(({ what }) => what);
}

function asked(files: Record<string, string>, overrides: Overrides = {}) {
  const undecided = plan(files, overrides);
  if (undecided.kind !== 'undecided') throw new Error(undecided.dockerfile);
  return undecided.questions.map(({ name, seen }) => [name, seen] as const);
}

describe('a project of Java or Kotlin', () => {
  it.each(Object.keys(GOLDEN))('has the golden plan: %s', async (name) => {
    const planned = plan(GOLDEN[name] ?? {});
    if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned.questions));
    await expect(planned.dockerfile).toMatchFileSnapshot(`../testdata/${name}.Dockerfile`);
  });

  it('is told by its framework and its language', () => {
    const told = (files: Record<string, string>) => {
      const planned = plan(files);
      return planned.kind === 'planned' ? [planned.language, planned.framework] : planned.questions;
    };
    const main = { [MAIN_FILE]: MAIN };
    expect(told({ 'pom.xml': pom(dependency('io.javalin', 'javalin')), ...main })).toEqual([
      'Java',
      'Javalin',
    ]);
    expect(told({ 'pom.xml': pom(plugin('kotlin-maven-plugin')), ...main })).toEqual(['Kotlin', null]);
    expect(told(GOLDEN['kotlin-gradle-ktor'] ?? {})).toEqual(['Kotlin', 'Ktor']);
    expect(told({ 'pom.xml': pom(dependency('io.micronaut', 'micronaut-http-server')) })).toEqual([
      'Java',
      'Micronaut',
    ]);
  });

  it.each([
    ['nothing asks for another', {}, 'Java 21'],
    ['.java-version', { '.java-version': '17.0.9\n' }, 'Java 17'],
    ['one of Temurin', { '.java-version': 'temurin-21\n' }, 'Java 21'],
    ['.sdkmanrc', { '.sdkmanrc': '# for sdk\njava=11.0.2-tem\n' }, 'Java 11'],
    ['system.properties', { 'system.properties': 'java.runtime.version=25\n' }, 'Java 25'],
    ['one that is looked after no more', { 'pom.xml': pom('<java.version>19</java.version>') }, 'Java 21'],
    ['the old way to write it', { 'pom.xml': pom('<java.version>1.8</java.version>') }, 'Java 8'],
    ['what is commented out', { 'pom.xml': pom('<!-- <java.version>11</java.version> -->') }, 'Java 21'],
  ])('gets the version of Java that it asks for: %s', (_what, files: Record<string, string>, version) => {
    expect(decided({ 'pom.xml': pom(), [MAIN_FILE]: MAIN, ...files })).toContain(version);
  });

  it('gets the version that is said, and asks about one that there is not', () => {
    const files = { 'pom.xml': pom('<java.version>30</java.version>'), [MAIN_FILE]: MAIN };
    expect(asked(files)).toEqual([['javaVersion', 'pom.xml asks for Java "30".']]);
    expect(decided(files, { javaVersion: '17' })).toContain('Java 17');
    expect(asked(files, { javaVersion: 'new' })).toEqual([
      ['javaVersion', 'The override asks for Java "new".'],
    ]);
  });

  it('is started by the class that it names, or the only one with a main, or as is said', () => {
    const other = { 'src/main/java/shop/Import.java': MAIN.replace('Main', 'Import') };
    const named = pom('<properties><app>shop.Import</app></properties><mainClass>$', '{app}</mainClass>');
    const starts = (files: Record<string, string>, overrides: Overrides = {}) =>
      decided(files, overrides).find((what) => what.startsWith('starts'));
    expect(starts({ 'pom.xml': named, [MAIN_FILE]: MAIN, ...other })).toContain('"shop.Import"]');
    expect(starts({ 'pom.xml': pom(), [MAIN_FILE]: MAIN })).toContain(
      '"app.jar:lib/*","shop.Main"'.replace(',', ', '),
    );
    expect(asked({ 'pom.xml': pom(), [MAIN_FILE]: MAIN, ...other })).toEqual([
      ['start', 'Classes with a main: shop.Import, shop.Main.'],
    ]);
    expect(asked({ 'pom.xml': pom() })).toEqual([['start', 'No class has a main.']]);
    expect(starts({ 'pom.xml': pom() }, { start: 'java -cp app.jar shop.Other' })).toContain('"shop.Other"');
    const procfile = { Procfile: 'web: java -Xmx200m -jar target/shop-1.0.jar --fast\n' };
    expect(starts({ 'pom.xml': pom(boot('3.5.0')), ...procfile })).toBe(
      'starts ["java", "-Xmx200m", "-jar", "app.jar", "--fast"]',
    );
  });

  it('that makes no server says so', () => {
    const modules = pom('<packaging>pom</packaging><modules><module>gone</module></modules>');
    expect(asked({ 'pom.xml': pom('<packaging>war</packaging>') })[0]).toEqual([
      null,
      'pom.xml makes a war, which a server of its own runs.',
    ]);
    expect(asked({ 'pom.xml': modules })[0]?.[0]).toBe('directory');
    expect(asked({ 'build.gradle': "apply plugin: 'java'\n" })[0]).toEqual([
      null,
      'build.gradle makes nothing that is started.',
    ]);
    expect(asked({ 'build.gradle.kts': 'plugins { id("com.android.application") }\n' })[0]?.[1]).toContain(
      'Android',
    );
  });

  it('is one of several modules, which is built with what it uses of the others', () => {
    const files = {
      'settings.gradle.kts': 'rootProject.name = "shop"\ninclude("library", ":apps:web")\n',
      'library/build.gradle.kts': 'plugins { `java-library` }\n',
      'apps/web/build.gradle.kts': 'plugins {\n  application\n}\napplication { mainClass = "shop.Main" }\n',
    };
    const planned = plan(files);
    if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned.questions));
    expect(planned.decisions[0]).toMatchObject({ what: 'builds apps/web' });
    expect(planned.dockerfile).toContain('gradle --no-daemon --console=plain :apps:web:installDist');
    expect(planned.dockerfile).toContain('cp -r apps/web/build/install/*/lib /out/lib');
  });

  const gradle = (java: string, wrapper: string | null): Record<string, string> => ({
    'build.gradle': `plugins {\n  id 'application'\n}\n${java}\napplication {\n  mainClass = 'shop.Main'\n}\n`,
    ...(wrapper === null
      ? {}
      : {
          'gradle/wrapper/gradle-wrapper.properties': `distributionUrl=https\\://services.gradle.org/distributions/gradle-${wrapper}-bin.zip\n`,
        }),
  });
  const release = (java: string): string => `java {\n  sourceCompatibility = '${java}'\n}`;
  const toolchain = (java: number): string =>
    `java {\n  toolchain.languageVersion = JavaLanguageVersion.of(${java})\n}`;

  it.each([
    ['nothing asked', gradle('', null), ['gradle:8-jdk21', 'eclipse-temurin:21-jre']],
    ['a new Java', gradle(release('25'), null), ['gradle:9-jdk25', 'eclipse-temurin:25-jre']],
    ['an old Java', gradle(release('1.8'), null), ['gradle:8-jdk8', 'eclipse-temurin:8-jre']],
    ['an old wrapper', gradle('', '7.6.4'), ['gradle:7.6.4-jdk17', 'eclipse-temurin:17-jre']],
    [
      'a wrapper that runs on it',
      gradle(release('25'), '9.1.0'),
      ['gradle:9.1.0-jdk25', 'eclipse-temurin:25-jre'],
    ],
    [
      'a new wrapper, old code',
      gradle(release('11'), '9.2.1'),
      ['gradle:9.2.1-jdk17', 'eclipse-temurin:11-jre'],
    ],
    ['8.5 and 21', gradle(toolchain(21), '8.5'), ['gradle:8.5-jdk21', 'eclipse-temurin:21-jre']],
  ])('is built with a Gradle that runs on its Java: %s', (_what, files, images) => {
    const planned = plan(files);
    if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned.questions));
    expect(planned.images).toEqual(images);
    for (const image of images) expect(planned.dockerfile).toContain(`FROM ${image}`);
  });

  it.each([
    [gradle(release('21'), '7.6.4'), 'Gradle 7.6.4, which does not run on Java 21.'],
    [gradle(toolchain(21), '8.4'), 'Gradle 8.4, which does not run on Java 21.'],
    [gradle(toolchain(11), '9.2.1'), 'Gradle 9.2.1, which does not run on Java 11.'],
    [gradle('', '1.12'), 'Gradle 1.12, which does not run on Java 21.'],
  ])('asks where its Gradle runs on no Java that it can be built with: %#', (files, seen) => {
    expect(asked(files)).toEqual([['javaVersion', `The wrapper asks for ${seen}`]]);
  });

  it('keeps what it uses where its build is told', () => {
    const text = (files: Record<string, string>, build: string): string => {
      const planned = plan(files, { build });
      if (planned.kind !== 'planned') throw new Error(JSON.stringify(planned.questions));
      return planned.dockerfile;
    };
    const jar = { 'pom.xml': pom(), [MAIN_FILE]: MAIN };
    expect(text(jar, 'mvn -P shop package')).toContain(
      'mvn -P shop package && \\\n    mvn --batch-mode --no-transfer-progress dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=/out/lib && ',
    );
    expect(text(gradle('', null), 'gradle check')).toContain(
      'gradle check && \\\n    gradle --no-daemon --console=plain installDist && ',
    );
    expect(text({ 'pom.xml': pom(boot('3.5.0')) }, 'mvn verify')).not.toContain('copy-dependencies');
  });

  it('is run as Spring Boot packs it only where that does', () => {
    const starter = dependency(
      'org.springframework.boot',
      'spring-boot-starter-web',
      '<version>3.5.0</version>',
    );
    const jar = plan({ 'pom.xml': pom(starter), [MAIN_FILE]: MAIN });
    if (jar.kind !== 'planned') throw new Error(JSON.stringify(jar.questions));
    expect(jar.framework).toBe('Spring Boot');
    expect(jar.dockerfile).toContain(
      'CMD ["java", "-XX:MaxRAMPercentage=75", "-XX:+ExitOnOutOfMemoryError", "-cp", "app.jar:lib/*", "shop.Main"]',
    );
    expect(jar.dockerfile).toContain('SERVER_PORT=8080');
    const library =
      "plugins { id 'java' }\ndependencies { implementation 'org.springframework:spring-boot-starter' }\n";
    expect(asked({ 'build.gradle': library, [MAIN_FILE]: MAIN })).toEqual([
      [null, 'build.gradle makes nothing that is started.'],
    ]);
  });
});
