/** Paints text for a terminal, or leaves it alone. */
export type Style = {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
};

type Environment = Record<string, string | undefined>;

/** Colours are for terminals, and not where NO_COLOR or a dumb terminal asks for none. */
export function styleFor(stream: { isTTY?: boolean | undefined }, environment: Environment): Style {
  const wanted = stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
  const paint = (start: number, end: number) => (text: string) =>
    wanted && text !== '' ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  };
}

/** The colour that belongs to a state of a revision or a domain, or a phase of a resource. */
export function paintState(style: Style, state: string): string {
  switch (state) {
    case 'deployed':
    case 'Ready':
    case 'healthy':
    case 'active':
      return style.green(state);
    case 'failed':
    case 'Degraded':
    case 'unhealthy':
      return style.red(state);
    case 'pending':
    case 'ready':
    case 'Starting':
    case 'Queued':
    case 'waitingForDns':
    case 'verifying':
    case 'issuing':
    case 'renewing':
      return style.yellow(state);
    case 'draft':
      return style.cyan(state);
    default:
      return style.dim(state);
  }
}
