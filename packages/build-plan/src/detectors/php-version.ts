import type { Decision, FileTree, Overrides, Question } from '../build-plan.ts';

/** Those with images, and the one for who asks for none and for each range that allows it. */
const KNOWN = ['7.4', '8.0', '8.1', '8.2', '8.3', '8.4', '8.5'];
const USUAL = '8.4';

type Version = readonly [major: number, minor: number];
type Within = (version: Version) => boolean;

/** What composer.json says of PHP: what it is to be held for, and what it needs. */
export type AskedByComposer = { platform: string | null; required: string | null };

/** Which minor version of PHP runs it; null with a question where none of those with images is right. */
export function choosePhp(
  tree: FileTree,
  { phpVersion }: Overrides,
  asked: AskedByComposer,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): string | null {
  const found = [
    { from: null, text: phpVersion ?? null, why: 'you said so' },
    { from: '.php-version', text: tree.readText('.php-version'), why: 'it is asked for' },
    { from: 'composer.json', text: asked.platform, why: 'it is the platform that packages are chosen for' },
    { from: 'composer.json', text: asked.required, why: `"${asked.required}" is needed` },
  ].find(({ text }) => text !== null);
  if (found === undefined || found.text === null) {
    decisions.push({ what: `PHP ${USUAL}`, why: 'nothing asks for another', from: null });
    return USUAL;
  }
  const isRange = found.text === asked.required;
  const version = minorFor(isRange ? found.text : exactly(found.text));
  if (version === null) {
    questions.push({
      name: 'phpVersion',
      seen: `${found.from ?? 'The override'} asks for PHP "${found.text.trim()}".`,
      answer: `Name one of ${KNOWN.join(', ')}.`,
    });
    return null;
  }
  decisions.push({ what: `PHP ${version}`, why: found.why, from: found.from });
  return version;
}

/** A whole version stands for its minor one: images have the newest patch of each. */
function exactly(text: string): string {
  const [, major, minor] = /^(?:php-?)?(\d+)\.(\d+)(?:\.[\dx*]+)?$/.exec(text.trim()) ?? [];
  if (major === undefined) return text.trim() === '8' ? '^8' : 'none';
  return `${major}.${minor}.*`;
}

/**
 * The minor version for a constraint of Composer's, such as `^8.2`, `>=7.4 <8.4` or `~8.1.0 || 8.3.*`; null where none of ours is within it.
 * By https://getcomposer.org/doc/articles/versions.md, with the newest patch of each minor version in mind.
 */
export function minorFor(constraint: string): string | null {
  const alternatives = constraint.split(/\s*\|\|?\s*/).map(allOf);
  const right = KNOWN.filter((text) => alternatives.some((isWithin) => isWithin?.(versionOf(text)) === true));
  return right.includes(USUAL) ? USUAL : (right.at(-1) ?? null);
}

/** Bounds that all must hold; null where one of them cannot be read. */
function allOf(text: string): Within | null {
  const hyphen = /^\s*([\d.]+)\s+-\s+([\d.]+)\s*$/.exec(text);
  const written = hyphen === null ? text : `>=${hyphen[1]} <=${hyphen[2]}`;
  const joined = written.trim().replaceAll(/(>=|<=|!=|>|<|=|\^|~)\s+/g, '$1');
  const bounds = joined.split(/\s*,\s*|\s+/).map(boundOf);
  return bounds.every((bound) => bound !== null)
    ? (version) => bounds.every((bound) => bound(version))
    : null;
}

function boundOf(text: string): Within | null {
  if (text === '*') return () => true;
  const parts = /^(>=|<=|!=|>|<|=|\^|~)?v?(\d+)(?:\.(\d+|\*))?(?:\.(\d+|\*))?(?:[.@-][\w.-]+)?$/.exec(text);
  if (parts === null) return null;
  const [, operator = '', major = '', minor, patch] = parts;
  const isMinorGiven = minor !== undefined && minor !== '*';
  const bound: Version = [Number(major), isMinorGiven ? Number(minor) : 0];
  const isPatchGiven = patch !== undefined && patch !== '*';
  const isPatched = isPatchGiven && Number(patch) > 0;
  switch (operator) {
    case '>=':
      return (version) => compare(version, bound) >= 0;
    case '>':
      // Of 8.2.3 there are newer patches; of 8.2 itself there is nothing newer within 8.2 that it would be without.
      return (version) => compare(version, bound) >= 0;
    case '<':
      return (version) => compare(version, bound) < 0;
    case '<=':
      return (version) => compare(version, bound) < 0 || (isMinorGiven && compare(version, bound) === 0);
    case '!=':
      return (version) => isPatched || compare(version, bound) !== 0;
    case '^':
      return (version) => version[0] === bound[0] && compare(version, bound) >= 0;
    case '~':
      return isPatchGiven
        ? (version) => compare(version, bound) === 0
        : (version) => version[0] === bound[0] && compare(version, bound) >= 0;
    default:
      return isMinorGiven ? (version) => compare(version, bound) === 0 : (version) => version[0] === bound[0];
  }
}

function versionOf(text: string): Version {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return [major, minor];
}

function compare(one: Version, other: Version): number {
  return one[0] - other[0] || one[1] - other[1];
}
