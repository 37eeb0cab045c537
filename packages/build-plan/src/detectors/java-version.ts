import type { Decision, FileTree, Overrides, Question } from '../build-plan.ts';
import { codeOf } from './java-text.ts';

/** The versions that are looked after for years, which are the ones with images of Maven and Gradle. */
export const LONG_TERM = [8, 11, 17, 21, 25];
const USUAL = 21;
const TOOLCHAIN = /jvmToolchain|JavaLanguageVersion/;

/** Where a version is asked for, the strongest first. */
const PLACES: readonly (readonly [file: string, patterns: readonly RegExp[]])[] = [
  ['.java-version', [/^\D*?((?:1\.)?\d+)/]],
  ['.sdkmanrc', [/^[ \t]*java\s*=\s*((?:1\.)?\d+)/m]],
  ['system.properties', [/^[ \t]*java\.runtime\.version\s*=\s*((?:1\.)?\d+)/m]],
  [
    'pom.xml',
    [
      'maven\\.compiler\\.release',
      'java\\.version',
      'kotlin\\.compiler\\.jvmTarget',
      'release',
      'jvmTarget',
      'maven\\.compiler\\.target',
      'maven\\.compiler\\.source',
      'target',
    ].map((name) => new RegExp(`<${name}>\\s*((?:1\\.)?\\d+)\\s*<`)),
  ],
  ...['build.gradle.kts', 'build.gradle'].map(
    (file) =>
      [
        file,
        [
          /\bJavaLanguageVersion\.of\(\s*(\d+)/,
          /\bjvmToolchain\(\s*(\d+)/,
          /\bJavaVersion\.VERSION_((?:1_)?\d+)/,
          /\b(?:source|target)Compatibility\s*=?\s*["']?((?:1\.)?\d+)/,
        ],
      ] as const,
  ),
];

export type ChosenJava = {
  version: number;
  isAsked: boolean;
  /** The very Java is asked for, and not only what runs on it. */
  isToolchain: boolean;
};

/** Which Java builds and runs it, of those with images; null with a question where none does. `top` is where a workspace begins. */
export function chooseJava(
  tree: FileTree,
  top: FileTree,
  { javaVersion }: Overrides,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): ChosenJava | null {
  const found = javaVersion === undefined ? (findIn(tree) ?? (top === tree ? null : findIn(top))) : null;
  if (javaVersion === undefined && found === null) {
    decisions.push({ what: `Java ${USUAL}`, why: 'nothing asks for another', from: null });
    return { version: USUAL, isAsked: false, isToolchain: false };
  }
  const text = javaVersion ?? found?.text ?? '';
  const asked = Number(/^(?:1[._])?(\d+)$/.exec(text.trim())?.[1] ?? Number.NaN);
  const version = LONG_TERM.find((each) => each >= asked);
  if (version === undefined) {
    questions.push({
      name: 'javaVersion',
      seen: `${found?.file ?? 'The override'} asks for Java "${text}".`,
      answer: `Name one of ${LONG_TERM.join(', ')}.`,
    });
    return null;
  }
  const why =
    version === asked ? 'it is asked for' : `the next that is looked after, ${asked} being asked for`;
  decisions.push({
    what: `Java ${version}`,
    why: javaVersion === undefined ? why : 'you said so',
    from: found?.file ?? null,
  });
  return { version, isAsked: true, isToolchain: TOOLCHAIN.test(found?.found ?? '') };
}

function findIn(tree: FileTree): { file: string; text: string; found: string } | null {
  for (const [file, patterns] of PLACES) {
    const content = codeOf(file, tree.readText(file) ?? '');
    for (const pattern of patterns) {
      const [found = '', text] = pattern.exec(content) ?? [];
      if (text !== undefined) return { file, text, found };
    }
  }
  return null;
}
