const STAMPED = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2}) ?(.*)$/s;

/**
 * Takes the instant off a line as the cluster gives it. The instant comes in UTC, with all its digits. A line without
 * one is the rest of one that was too long, and gets that one's.
 */
export function parseOutputLine(line: string, before: string): { at: string; text: string } {
  const [, seconds, fraction = '', zone, text] = STAMPED.exec(line) ?? [];
  if (seconds === undefined || zone === undefined || text === undefined) {
    return { at: before, text: line };
  }
  const utc = new Date(`${seconds}${zone}`).toISOString().slice(0, 'yyyy-mm-ddThh:mm:ss'.length);
  return { at: `${utc}.${fraction.padEnd(3, '0')}Z`, text };
}

/** Below zero when `a` is before `b`. Both are ISO 8601; digits below a millisecond count. */
export function compareInstants(a: string, b: string): number {
  const [first, second] = [wholeAndFraction(a), wholeAndFraction(b)];
  if (first.seconds !== second.seconds) return first.seconds - second.seconds;
  return first.fraction < second.fraction ? -1 : first.fraction > second.fraction ? 1 : 0;
}

function wholeAndFraction(instant: string): { seconds: number; fraction: string } {
  const fraction = /\.(\d+)/.exec(instant)?.[1] ?? '';
  return { seconds: Math.floor(Date.parse(instant) / 1000), fraction: fraction.padEnd(9, '0') };
}
