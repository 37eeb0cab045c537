/** How a framework's app is built and started where package.json does not say it, or says how it is developed. */
export type Framework = {
  /** The package by which it is known. */
  dependency: string;
  name: string;
  build: string | null;
  start: readonly string[];
  /** What it has to be told to be reached from outside. */
  environment: Readonly<Record<string, string>>;
};

const TO_ALL = { HOST: '0.0.0.0' };

const FRAMEWORKS: readonly Framework[] = [
  {
    ...{ dependency: 'next', name: 'Next.js', build: 'npx next build' },
    ...{ start: ['node', 'node_modules/next/dist/bin/next', 'start'], environment: {} },
  },
  {
    ...{ dependency: 'nuxt', name: 'Nuxt', build: 'npx nuxt build' },
    ...{ start: ['node', '.output/server/index.mjs'], environment: TO_ALL },
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
  /^(nest start|next dev|nuxt dev|nuxi dev|astro dev|vite|remix vite:dev|react-router dev)\b/;

/** What makes files and no server. */
const FILES_ONLY: readonly string[] = ['vite', 'astro', 'react-scripts', 'parcel', '@11ty/eleventy'];

/** The first that the project depends on. */
export function findFramework(dependencies: ReadonlySet<string>): Framework | null {
  return FRAMEWORKS.find(({ dependency }) => dependencies.has(dependency)) ?? null;
}

/** Whether a start script is for whoever develops, and not for what runs in earnest. */
export function isForDevelopment(script: string): boolean {
  return FOR_DEVELOPMENT.test(script.trim());
}

/** A tool that makes files for a web server, which the project depends on; null where there is none. */
export function findFilesOnlyTool(dependencies: ReadonlySet<string>): string | null {
  return FILES_ONLY.find((name) => dependencies.has(name)) ?? null;
}
