/** The beginnings of paths that one HTTPRoute answers now, and is to answer. */
export type PathChange = { from: readonly string[]; to: readonly string[] };

/**
 * The steps from what HTTPRoutes of a host name answer to what they are to answer: in each, the paths of each HTTPRoute,
 * null where it stays as it was. The changes of one step may take effect in any order, and a request is answered by who
 * answered it before or by who is to answer it, never by a third and never by nobody.
 * The longest path wins. So what comes, comes longest first: a shorter one that came before it would take its requests
 * away from who had them. And only then what goes, goes shortest first, for the same reason.
 */
export function pathSteps(changes: readonly PathChange[]): (string[] | null)[][] {
  const gained = lengthsOf(changes.flatMap(({ from, to }) => without(to, from))).sort((a, b) => b - a);
  const lost = lengthsOf(changes.flatMap(({ from, to }) => without(from, to))).sort((a, b) => a - b);
  return [
    ...gained.map((length) =>
      changes.map(({ from, to }) => {
        const more = without(to, from);
        if (!more.some((path) => path.length === length)) return null;
        return [...from, ...more.filter((path) => path.length >= length)];
      }),
    ),
    ...lost.map((length) =>
      changes.map(({ from, to }) => {
        const less = without(from, to);
        if (!less.some((path) => path.length === length)) return null;
        return [...to, ...less.filter((path) => path.length > length)];
      }),
    ),
  ];
}

function lengthsOf(paths: readonly string[]): number[] {
  return [...new Set(paths.map((path) => path.length))];
}

function without(paths: readonly string[], others: readonly string[]): string[] {
  return paths.filter((path) => !others.includes(path));
}
