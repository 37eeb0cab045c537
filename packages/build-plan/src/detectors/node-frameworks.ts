import { type Decision, type FileTree, hasFile } from '../build-plan.ts';

/** How a framework's app is built and started where package.json does not say it, or says how it is developed. */
export type Framework = {
  /** The package by which it is known. */
  dependency: string;
  name: string;
  build: string | null;
  start: readonly string[];
  /** What it has to be told to be reached from outside. */
  environment: Readonly<Record<string, string>>;
  /** A folder in which a build leaves what makes the next one quick, and that nothing else needs. */
  cache?: string;
  /** What it writes while it runs. */
  writes?: readonly string[];
  /** Where all of it that runs is after a build, and where that goes; left out: the whole project and its packages. */
  output?: readonly Copied[];
};

export type Copied = { from: string; to: string };

const TO_ALL = { HOST: '0.0.0.0' };

const NEXT: Framework = {
  ...{ dependency: 'next', name: 'Next.js', build: 'npx next build' },
  ...{ start: ['node_modules/.bin/next', 'start'], environment: {} },
  // Pages that it renders anew while it runs, and pictures that it has made smaller.
  ...{ cache: '.next/cache', writes: ['.next'] },
};

const FRAMEWORKS: readonly Framework[] = [
  NEXT,
  {
    ...{ dependency: 'nuxt', name: 'Nuxt', build: 'npx nuxt build' },
    ...{ start: ['node', '.output/server/index.mjs'], environment: TO_ALL },
    output: [{ from: '.output', to: '.output' }],
  },
  {
    ...{ dependency: '@astrojs/node', name: 'Astro on Node', build: 'npx astro build' },
    ...{ start: ['node', 'dist/server/entry.mjs'], environment: TO_ALL },
  },
  {
    ...{ dependency: '@sveltejs/adapter-node', name: 'SvelteKit on Node', build: 'npx vite build' },
    ...{ start: ['node', 'build'], environment: {} },
  },
  {
    ...{ dependency: '@remix-run/serve', name: 'Remix', build: 'npx remix vite:build' },
    ...{ start: ['node_modules/.bin/remix-serve', 'build/server/index.js'], environment: {} },
  },
  {
    ...{ dependency: '@react-router/serve', name: 'React Router', build: 'npx react-router build' },
    ...{ start: ['node_modules/.bin/react-router-serve', 'build/server/index.js'], environment: {} },
  },
  {
    ...{ dependency: '@nestjs/core', name: 'NestJS', build: 'npx nest build' },
    ...{ start: ['node', 'dist/main'], environment: {} },
  },
];

// Scripts that start what these frameworks are developed with: it watches files, or is not there in production.
const FOR_DEVELOPMENT =
  /^(nest start|next dev|(nuxt|nuxi) (dev|preview)|astro (dev|preview)|vite|remix vite:dev|react-router dev)(?!\S)/;

/** The first that the project depends on. */
export function findFramework(
  tree: FileTree,
  dependencies: ReadonlySet<string>,
  decisions: Decision[],
): Framework | null {
  const found = FRAMEWORKS.find(({ dependency }) => dependencies.has(dependency)) ?? null;
  return found === NEXT ? ofNext(tree, decisions) : found;
}

/** Built standalone, an app of Next.js brings the part of its packages that it uses, and needs nothing else. */
function ofNext(tree: FileTree, decisions: Decision[]): Framework {
  const config = ['js', 'mjs', 'cjs', 'ts', 'mts']
    .map((ending) => `next.config.${ending}`)
    .find((path) => hasFile(tree, path));
  const text = config === undefined ? null : tree.readText(config);
  if (config === undefined || text === null || !/\boutput:\s*['"`]standalone\b/.test(text)) {
    decisions.push({
      what: 'the image holds all packages',
      why: `with "output: 'standalone'" in next.config it would be about half as large`,
      from: config ?? null,
    });
    return NEXT;
  }
  decisions.push({
    what: 'the image holds what Next.js traced',
    why: 'its output is standalone',
    from: config,
  });
  const hasPublic = tree.paths.some((path) => path.startsWith('public/'));
  return {
    ...NEXT,
    start: ['node', 'server.js'],
    environment: { HOSTNAME: '0.0.0.0' },
    writes: ['.next/standalone/.next'],
    output: [
      { from: '.next/standalone', to: '.' },
      { from: '.next/static', to: '.next/static' },
      ...(hasPublic ? [{ from: 'public', to: 'public' }] : []),
    ],
  };
}

// What shows files to whoever develops, or hands them out without knowing the platform.
const SHOWS_FILES =
  /^(npx )?(vite|react-scripts start|vue-cli-service serve|astro (dev|preview)|parcel|serve|http-server|gatsby (develop|serve)|docusaurus (start|serve)|vitepress (dev|preview|serve)|eleventy|react-router dev)(?!\S)/;

/** Whether a start script does no more with the files of a build than to hand them out. */
export function onlyShowsFiles(script: string): boolean {
  return SHOWS_FILES.test(script.trim());
}

/** Whether a start script is for whoever develops, and not for what runs in earnest. */
export function isForDevelopment(script: string): boolean {
  return FOR_DEVELOPMENT.test(script.trim());
}
