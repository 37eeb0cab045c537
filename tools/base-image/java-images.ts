import type { ImageRecipe } from './base-images.ts';
import type { RecipeParts } from './blueprint-images.ts';

/** The one of Debian's release that is looked after for years, and its Maven. */
const VERSION = 21;
/** Where the official images have it, whatever the processor. */
const HOME = '/opt/java/openjdk';

/** Java by the names of the official images. Gradle is neither in Debian in a version of today nor in any registry of packages. */
export function javaImages({ system, folders }: Pick<RecipeParts, 'system' | 'folders'>) {
  const image = (name: string, packages: readonly string[], contents: string): ImageRecipe => ({
    layers: [system(name, { suite: 'trixie', packages, before: [MANUALS], hooks: [LINK] })],
    env: [`PATH=${HOME}/bin:${folders}`, `JAVA_HOME=${HOME}`, 'LANG=C.UTF-8'],
    cmd: ['bash'],
    contents,
  });
  const [jre, jdk] = [`openjdk-${VERSION}-jre-headless`, `openjdk-${VERSION}-jdk-headless`];
  return {
    'eclipse-temurin:21-jre': image('java-jre', [jre], 'OpenJDK 21 of Debian trixie'),
    'eclipse-temurin:21-jdk': image('java-jdk', [jdk], 'OpenJDK 21 of Debian trixie'),
    'maven:3-eclipse-temurin-21': image(
      'java-maven',
      [jdk, 'maven'],
      'Maven 3.9 and OpenJDK 21 of Debian trixie',
    ),
  };
}

/** Its packages link manuals there, which our systems have none of. */
const MANUALS = 'mkdir -p "$1/usr/share/man/man1"';
const LINK = `chroot "$1" sh -c 'mkdir -p /opt/java && ln -s /usr/lib/jvm/java-${VERSION}-openjdk-* ${HOME}'`;
