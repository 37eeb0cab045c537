import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PathChange, pathSteps } from './path-steps.ts';

const PATHS = ['/', '/x', '/x/y', '/x/y/z', '/w'];

/** Who answers a path: the index of the HTTPRoute with the longest beginning; any of several with the same. */
function answers(places: readonly (readonly string[])[], asked: string): number[] {
  const fits = (path: string): boolean => path === '/' || `${asked}/`.startsWith(`${path}/`);
  const longest = Math.max(
    ...places
      .flat()
      .filter(fits)
      .map((path) => path.length),
  );
  return places.flatMap((paths, index) =>
    paths.some((path) => fits(path) && path.length === longest) ? [index] : [],
  );
}

test('what comes, comes longest first, and what goes then goes shortest first', () => {
  const changes = [
    { from: ['/', '/x'], to: ['/w'] },
    { from: [], to: ['/', '/x'] },
  ];
  expect(pathSteps(changes)).toEqual([
    [['/', '/x', '/w'], ['/x']],
    [null, ['/', '/x']],
    [['/w', '/x'], null],
    [['/w'], null],
  ]);
});

test('what stays needs no step', () => {
  expect(pathSteps([{ from: ['/'], to: ['/'] }])).toEqual([]);
});

/** Each path belongs to one of three, or to nobody. */
const owners = fc.array(fc.integer({ min: -1, max: 2 }), {
  minLength: PATHS.length,
  maxLength: PATHS.length,
});
const pathsOf = (of: readonly number[], place: number): string[] =>
  PATHS.filter((_, index) => of[index] === place);

test('in whatever order the changes of a step take effect, nobody else answers', () => {
  fc.assert(
    fc.property(owners, owners, fc.infiniteStream(fc.nat()), (before, after, dice) => {
      const changes: PathChange[] = [0, 1, 2].map((place) => ({
        from: pathsOf(before, place),
        to: pathsOf(after, place),
      }));
      let now = changes.map(({ from }) => from);
      for (const step of pathSteps(changes)) {
        const order = [0, 1, 2].sort(() => (Number(dice.next().value) % 2) - 0.5);
        for (const place of order) {
          now = now.with(place, step[place] ?? now[place] ?? []);
          for (const asked of PATHS) {
            const old = answers(
              changes.map(({ from }) => from),
              asked,
            );
            const next = answers(
              changes.map(({ to }) => to),
              asked,
            );
            if (old.length === 0 || next.length === 0) continue;
            const given = answers(now, asked);
            expect(given.length).toBeGreaterThan(0);
            expect([...old, ...next]).toEqual(expect.arrayContaining(given));
          }
        }
      }
      expect(now.map((paths) => paths.toSorted())).toEqual(changes.map(({ to }) => [...to].sort()));
    }),
    { numRuns: 300 },
  );
});
