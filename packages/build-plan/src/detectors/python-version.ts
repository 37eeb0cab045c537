/** Minor versions of Python 3 that are looked after, the one for who asks for none, and any that a range allows. */
const KNOWN = [10, 11, 12, 13, 14];
const DEFAULT_MINOR = 13;

const EXACT = /^(?:python-|cpython-)?3\.(\d{1,2})(?:\.\d+)?$/;
const BOUND = /^(>=|<=|==|!=|~=|>|<|\^|~|=)?\s*(\d+)(?:\.(\d+|\*))?(?:\.(\d+|\*))?$/;

/** The minor version for what is asked, such as `3.12`, `>=3.11,<3.13` or `^3.11`; null where none of ours is right. */
export function minorFor(asked: string | null): number | null {
  if (asked === null || asked === '*') return DEFAULT_MINOR;
  const exact = EXACT.exec(asked)?.[1];
  if (exact !== undefined) return Number(exact);
  const bounds = asked.split(',').map((bound) => BOUND.exec(bound.trim()));
  if (bounds.some((bound) => bound === null)) return null;
  const right = KNOWN.filter((minor) => bounds.every((bound) => bound !== null && isWithin(minor, bound)));
  return right.includes(DEFAULT_MINOR) ? DEFAULT_MINOR : (right.at(-1) ?? null);
}

/** Of 3.minor with the newest of its patches. */
function isWithin(
  minor: number,
  [, operator = '', majorText, minorText, patchText]: RegExpExecArray,
): boolean {
  const major = Number(majorText);
  const bound = minorText === undefined || minorText === '*' ? null : Number(minorText);
  const isPatched = patchText !== undefined && patchText !== '*' && Number(patchText) > 0;
  switch (operator) {
    case '>=':
    case '>':
      return major < 3 || (major === 3 && minor >= (bound ?? 0));
    case '<':
    case '<=':
      return (
        major > 3 || (major === 3 && bound !== null && (minor < bound || (isPatched && minor === bound)))
      );
    case '!=':
      return major !== 3 || minor !== bound;
    case '~=':
      return major === 3 && (patchText === undefined ? minor >= (bound ?? 0) : minor === bound);
    case '^':
      return major === 3 && minor >= (bound ?? 0);
    default:
      return major === 3 && (bound === null || minor === bound);
  }
}
