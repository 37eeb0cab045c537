import type { Decision, FileTree, Overrides, Question } from '../build-plan.ts';

/** Those with images, and the one for who asks for none and for each requirement that allows it. */
const KNOWN = ['3.1', '3.2', '3.3', '3.4', '4.0'];
const USUAL = '3.3';

/** Which minor version of Ruby runs it; null with a question where none of those with images is right. */
export function chooseRuby(
  tree: FileTree,
  { rubyVersion }: Overrides,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): string | null {
  const asked =
    rubyVersion === undefined ? askedIn(tree) : { from: null, requirements: [rubyVersion.trim()] };
  if (asked === null) {
    decisions.push({ what: `Ruby ${USUAL}`, why: 'nothing asks for another', from: null });
    return USUAL;
  }
  const { from, requirements } = asked;
  const right = KNOWN.filter((version) => requirements.every((each) => isMet(version, each)));
  const version = right.includes(USUAL) ? USUAL : right.at(-1);
  const text = requirements.join(', ');
  if (version === undefined) {
    questions.push({
      name: 'rubyVersion',
      seen: `${from ?? 'The override'} asks for Ruby "${text}".`,
      answer: `Name one of ${KNOWN.join(', ')}.`,
    });
    return null;
  }
  decisions.push({
    what: `Ruby ${version}`,
    why: from === null ? 'you said so' : `"${text}" is asked for`,
    from,
  });
  return version;
}

function askedIn(tree: FileTree): { from: string; requirements: string[] } | null {
  const files: readonly (readonly [file: string, pattern: RegExp])[] = [
    ['.ruby-version', /^\s*(\S+)/],
    ['.tool-versions', /^ruby\s+(\S+)/m],
    ['Gemfile', /^[ \t]*ruby\s*(?:\(\s*)?((?:["'][^"']+["']\s*(?:,\s*)?)+)/m],
    ['Gemfile.lock', /^RUBY VERSION\n\s+ruby\s+(\S+)/m],
  ];
  for (const [from, pattern] of files) {
    const found = pattern.exec(tree.readText(from) ?? '')?.[1];
    if (found === undefined) continue;
    const quoted = [...found.matchAll(/["']([^"']+)["']/g)].flatMap(([, text]) => text ?? []);
    return { from, requirements: quoted.length > 0 ? quoted.map((text) => text.trim()) : [found] };
  }
  return null;
}

/** As RubyGems reads requirements (its guide, "Patterns"), with the newest patch of each minor version in mind. */
function isMet(version: string, requirement: string): boolean {
  const parts = /^(~>|>=|<=|!=|>|<|=)?\s*(?:ruby-)?(\d+)(?:\.(\d+))?(?:\.(\d+))?[\w.-]*$/.exec(requirement);
  if (parts === null) return false;
  const [, operator = '=', major = '', minor, patch] = parts;
  const [ofMajor = 0, ofMinor = 0] = version.split('.').map(Number);
  const order = ofMajor - Number(major) || ofMinor - Number(minor ?? 0);
  switch (operator) {
    case '>=':
    case '>':
      return order >= 0;
    case '<':
      return order < 0;
    case '<=':
      return order < 0 || (minor !== undefined && order === 0);
    case '!=':
      return patch !== undefined || order !== 0;
    case '~>':
      return patch === undefined
        ? order >= 0 && (minor === undefined || ofMajor === Number(major))
        : order === 0;
    default:
      return minor === undefined ? ofMajor === Number(major) : order === 0;
  }
}
