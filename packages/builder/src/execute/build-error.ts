/** The line of a Dockerfile at which a build ended: its number, its text, and the lines around it as BuildKit shows them. */
export type FailingLine = { number: number; text: string; excerpt: string };

export type BuildFailure =
  | { kind: 'no-dockerfile' }
  | { kind: 'unreachable' }
  | { kind: 'dockerfile'; line: FailingLine | null }
  | { kind: 'push' }
  | { kind: 'cancelled' };

/** A build that came to nothing. `message` is for people; `reason` holds BuildKit's own words, `log` the step's last lines. */
export class BuildError extends Error {
  readonly failure: BuildFailure;
  readonly reason: string;
  readonly log: readonly string[];

  constructor(message: string, failure: BuildFailure, reason: string, log: readonly string[] = []) {
    super(message);
    this.name = 'BuildError';
    this.failure = failure;
    this.reason = reason;
    this.log = log;
  }
}

/** BuildKit is not there, or was ended in the middle: whichever of what waits for it sees that first says it, in words of its own. */
const AWAY =
  /failed to list workers|failed to dial|error while dialing|connection refused.*buildkit|failed to receive status: rpc error: code = (Unavailable|Canceled)|^Unavailable: (error reading from server|connection error|closing transport|transport is closing)/i;
/** The image that a Dockerfile begins with, and why it is not to be had. */
const NO_BASE_IMAGE = /failed to resolve source metadata for (\S+): ([\s\S]*)/;

/** Reads what buildctl says at its end (stderr without progress lines), and the last lines of the step that failed. */
export function buildErrorFrom(said: readonly string[], log: readonly string[], address: string): BuildError {
  const reason = reasonOf(said);
  if (AWAY.test(reason)) return unreachable(reason, address);
  if (/failed to read dockerfile: open Dockerfile: no such file/.test(reason)) return noDockerfile(reason);
  if (
    !NO_BASE_IMAGE.test(reason) &&
    /failed to push|failed to authorize|insufficient_scope|push access denied/.test(reason)
  ) {
    return new BuildError(
      `The image was built, but could not be pushed.\n${reason}\n` +
        'Check that the registry is reachable and that your API key has registry:push on this pod.',
      { kind: 'push' },
      reason,
    );
  }
  const line = failingLine(said);
  const where =
    line === null ? 'The build failed.' : `The build failed at line ${line.number} of the Dockerfile.`;
  const parts = [where];
  if (line !== null) parts.push('', line.excerpt, '');
  if (log.length > 0) parts.push(...log.map((text) => `    ${text}`), '');
  parts.push(reason);
  const advice = adviceOn(reason);
  if (advice !== null) parts.push(advice);
  return new BuildError(parts.join('\n'), { kind: 'dockerfile', line }, reason, log);
}

export function noDockerfile(reason: string): BuildError {
  return new BuildError(
    'There is no Dockerfile in this directory. Add one that builds your app: at least FROM, COPY, a numeric USER, ' +
      'EXPOSE and CMD. The example in examples/hello-node shows a small one.',
    { kind: 'no-dockerfile' },
    reason,
  );
}

/** What to do about an image that a Dockerfile begins with and that is not to be had; null about anything else. */
function adviceOn(reason: string): string | null {
  const [, image, why] = NO_BASE_IMAGE.exec(reason) ?? [];
  if (image === undefined || why === undefined) return null;
  if (/\b40[13]\b|unauthorized|denied|failed to authorize|insufficient_scope|no basic auth/i.test(why))
    return (
      `${image} is not there, or not for everybody. What opens its registry for this pod: ` +
      `brainpod registry credentials set ${image.split('/')[0]} --username NAME`
    );
  if (/not found/.test(why))
    return (
      `Check the name and the tag of ${image}. Where the platform cannot reach the registry that has it, ` +
      'its operator may be able to make it: npm run base-images'
    );
  if (/no such host|i\/o timeout|connection refused|network is unreachable/.test(why))
    return `The registry of ${image} cannot be reached from where images are built. Try again later, or begin with another image.`;
  return null;
}

function unreachable(reason: string, address: string): BuildError {
  const denied = /permission denied/.test(reason);
  const advice = denied
    ? 'Your user may not use it: run the same command as root, or as a user that may open this socket.'
    : 'Is it running, and is that its address?';
  return new BuildError(
    `The image builder does not answer at ${address}. ${advice}`,
    { kind: 'unreachable' },
    reason,
  );
}

function reasonOf(said: readonly string[]): string {
  const index = said.findLastIndex((line) => line.startsWith('error: '));
  const text = said.slice(Math.max(index, 0)).join('\n').trim();
  return text.replace(/^error: /, '').replace(/^failed to solve: /, '');
}

function failingLine(said: readonly string[]): FailingLine | null {
  const marked = said.flatMap((line) => {
    const match = /^ *(\d+) \| >>> ?(.*)$/.exec(line);
    return match === null ? [] : [{ number: Number(match[1]), text: match[2] ?? '' }];
  });
  const first = marked[0];
  if (first === undefined) return null;
  const excerpt = said.filter((line) => /^ *\d+ \| /.test(line)).map((line) => line.trimEnd());
  return {
    number: first.number,
    text: marked.map((line) => line.text).join('\n'),
    excerpt: excerpt.join('\n'),
  };
}
