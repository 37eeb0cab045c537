import type { Decision, Question } from '../build-plan.ts';
import { type ChosenJava, LONG_TERM } from './java-version.ts';

/** The first Gradle that runs on each Java: https://docs.gradle.org/current/userguide/compatibility.html. */
const FIRST_ON: readonly (readonly [java: number, major: number, minor: number])[] = [
  [8, 2, 0],
  [11, 5, 0],
  [17, 7, 3],
  [21, 8, 5],
  [25, 9, 1],
];
/** From this major version on it runs on nothing older than this Java. */
const [MODERN, LEAST_JAVA] = [9, 17];

/** Gradle, the Java that it runs on, and the one that runs what comes of it. */
export type ChosenGradle = { gradle: string; buildJava: number; java: number };

/**
 * Which Gradle builds with which Java. A wrapper's version is what the build was written for, so that Java gives way to it where nothing asks for
 * one, and builds for an older one where that is enough. Null with a question where no Java does.
 */
export function chooseGradle(
  wrapper: string | null,
  { version, isAsked, isToolchain }: ChosenJava,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): ChosenGradle | null {
  const gradle = wrapper ?? usualOn(version);
  const able = LONG_TERM.filter((java) => runsOn(gradle, java));
  const decide = (java: number, buildJava: number): ChosenGradle => {
    decisions.push({
      what: `builds with Gradle ${gradle}`,
      why: wrapper === null ? 'no wrapper asks for another' : 'its wrapper asks for it',
      from: wrapper === null ? null : 'gradle/wrapper/gradle-wrapper.properties',
    });
    return { gradle, buildJava, java };
  };
  if (able.includes(version)) return decide(version, version);
  const newest = able.at(-1);
  const why = `Gradle ${gradle} does not run on ${version}`;
  if (!isAsked && newest !== undefined) {
    decisions.push({ what: `Java ${newest} instead`, why, from: null });
    return decide(newest, newest);
  }
  const newer = able.find((java) => java > version);
  if (!isToolchain && newer !== undefined) {
    decisions.push({ what: `builds on Java ${newer} for ${version}`, why, from: null });
    return decide(version, newer);
  }
  questions.push({
    name: 'javaVersion',
    seen: `The wrapper asks for Gradle ${gradle}, which does not run on Java ${version}.`,
    answer:
      newest === undefined
        ? 'Have the wrapper ask for a newer Gradle.'
        : `Have the wrapper ask for another Gradle, or name a Java that this one runs on: ${able.join(', ')}.`,
  });
  return null;
}

function usualOn(java: number): string {
  return runsOn('8', java) ? '8' : '9';
}

/** A version without its minor part stands for the newest of it. */
function runsOn(gradle: string, java: number): boolean {
  const [major = 0, minor = Number.POSITIVE_INFINITY] = gradle.split('.').map(Number);
  const first = FIRST_ON.find(([each]) => each === java);
  if (first === undefined || (major >= MODERN && java < LEAST_JAVA)) return false;
  return major > first[1] || (major === first[1] && minor >= first[2]);
}
