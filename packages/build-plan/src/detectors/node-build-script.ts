import type { Manifest } from './node-manifest.ts';

/** What compiles, bundles or moves files, and writes nothing among the packages that the app uses when it runs. */
const HARMLESS = new Set([
  ...['tsc', 'tsc-alias', 'vue-tsc', 'tsup', 'tsdown', 'unbuild', 'ncc', 'swc', 'babel'],
  ...['esbuild', 'rollup', 'rolldown', 'webpack', 'rspack', 'vite', 'parcel'],
  ...['astro', 'nest', 'next', 'react-router', 'remix', 'sass', 'tailwindcss', 'postcss'],
  ...['eslint', 'prettier', 'biome', 'oxlint'],
  ...['rm', 'rimraf', 'del-cli', 'cp', 'cpy', 'copyfiles', 'mkdir', 'mv', 'echo', 'true', ':'],
]);
/** Before the program of a command. */
const BEFORE = /^(?:(?:npx|cross-env(?:-shell)?|pnpm exec|yarn exec)\s+|\w+=[^\s"'`$]*\s+)*/;
const RUNS = /^(?:npm run|pnpm run|pnpm|yarn run|yarn|bun run)\s+([\w:.-]+)$/;
const DEEPEST = 5;

/**
 * Whether all that a build does is known to leave the packages as they were installed. `command`: what is run, which may be a
 * script of the manifest. Of what is not known it is not: Prisma, for one, writes its client there.
 */
export function leavesPackages(command: string, { scripts }: Pick<Manifest, 'scripts'>): boolean {
  // Each script once, however often others run it; one that is open is run by itself, and never ends.
  const looked = new Map<string, 'open' | 'harmless'>();
  const isHarmless = (text: string, depth: number): boolean => {
    if (depth > DEEPEST) return false;
    // What a shell would do more than run one after the other.
    if (/[`$(){}<>|\\\n]|(^|[^&])&([^&]|$)|node_modules/.test(text)) return false;
    return text.split(/&&|;/).every((part) => {
      const plain = part.trim().replace(BEFORE, '');
      const name = RUNS.exec(plain)?.[1];
      if (name === undefined || !Object.hasOwn(scripts, name)) {
        return HARMLESS.has(/^[\w.:-]+/.exec(plain)?.[0] ?? '');
      }
      return [`pre${name}`, name, `post${name}`].every((each) => isHarmlessScript(each, depth + 1));
    });
  };
  const isHarmlessScript = (name: string, depth: number): boolean => {
    const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
    if (script === undefined) return true;
    const known = looked.get(name);
    if (known !== undefined) return known === 'harmless';
    looked.set(name, 'open');
    if (!isHarmless(script, depth)) return false;
    looked.set(name, 'harmless');
    return true;
  };
  return isHarmless(command, 0);
}
