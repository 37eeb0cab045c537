import { type FileTree, hasFile } from '../build-plan.ts';
import type { Manifest } from './node-manifest.ts';

/** What makes files, which a web server then hands out. */
export type SiteTool = {
  /** The package by which it is known. */
  dependency: string;
  name: string;
  build: string;
  /** Where its files are after a build. */
  folder: string;
  /** A path that is no file leads to index.html, whose script knows it. */
  isSinglePage: boolean;
  /** A folder below that, whose files have a hash of what is in them in their names. */
  hashed: string | null;
};

/** The most telling first: some are built on others of these. */
const TOOLS: readonly SiteTool[] = [
  {
    ...{
      dependency: '@sveltejs/adapter-static',
      name: 'SvelteKit',
      build: 'npx vite build',
      folder: 'build',
    },
    ...{ isSinglePage: false, hashed: '_app/immutable' },
  },
  {
    ...{ dependency: '@react-router/dev', name: 'React Router', build: 'npx react-router build' },
    ...{ folder: 'build/client', isSinglePage: true, hashed: 'assets' },
  },
  {
    ...{ dependency: '@docusaurus/core', name: 'Docusaurus', build: 'npx docusaurus build', folder: 'build' },
    ...{ isSinglePage: false, hashed: 'assets' },
  },
  {
    ...{
      dependency: 'vitepress',
      name: 'VitePress',
      build: 'npx vitepress build',
      folder: '.vitepress/dist',
    },
    ...{ isSinglePage: false, hashed: 'assets' },
  },
  {
    ...{ dependency: 'gatsby', name: 'Gatsby', build: 'npx gatsby build', folder: 'public' },
    ...{ isSinglePage: false, hashed: null },
  },
  {
    ...{ dependency: 'astro', name: 'Astro', build: 'npx astro build', folder: 'dist' },
    ...{ isSinglePage: false, hashed: '_astro' },
  },
  {
    ...{ dependency: '@11ty/eleventy', name: 'Eleventy', build: 'npx eleventy', folder: '_site' },
    ...{ isSinglePage: false, hashed: null },
  },
  {
    ...{ dependency: 'react-scripts', name: 'Create React App', build: 'npx react-scripts build' },
    ...{ folder: 'build', isSinglePage: true, hashed: 'static' },
  },
  {
    ...{
      dependency: '@vue/cli-service',
      name: 'Vue CLI',
      build: 'npx vue-cli-service build',
      folder: 'dist',
    },
    ...{ isSinglePage: true, hashed: null },
  },
  {
    ...{ dependency: 'vite', name: 'Vite', build: 'npx vite build', folder: 'dist' },
    ...{ isSinglePage: true, hashed: 'assets' },
  },
  {
    ...{ dependency: 'parcel', name: 'Parcel', build: 'npx parcel build index.html', folder: 'dist' },
    ...{ isSinglePage: true, hashed: null },
  },
];

/** Where the folder is all that is known. */
export const UNKNOWN_TOOL: SiteTool = {
  ...{ dependency: '', name: 'the build', build: 'npm run build', folder: '' },
  ...{ isSinglePage: false, hashed: null },
};

/** Frameworks that make a server with a tool of these, unless they are told otherwise. */
const OF_SERVERS: readonly string[] = [
  '@sveltejs/kit',
  '@tanstack/react-start',
  '@solidjs/start',
  '@builder.io/qwik-city',
  '@analogjs/platform',
];

const OUTPUT = /\boutDir:\s*['"`](?:\.\/)?([\w.-]+(?:\/[\w.-]+)*)\/?['"`]/;

/** A tool that makes files for a web server, which the project depends on; null where there is none. */
export function findSiteTool(tree: FileTree, dependencies: ReadonlySet<string>): SiteTool | null {
  const tool = TOOLS.find(({ dependency }) => dependencies.has(dependency));
  if (tool === undefined) return null;
  const makesServer = OF_SERVERS.some((name) => dependencies.has(name));
  if (makesServer && tool.dependency !== '@sveltejs/adapter-static') return null;
  if (tool.dependency === 'vitepress' && !tree.paths.some((path) => path.startsWith('.vitepress/'))) {
    const docs = tree.paths.some((path) => path.startsWith('docs/.vitepress/'));
    return docs ? { ...tool, build: 'npx vitepress build docs', folder: 'docs/.vitepress/dist' } : tool;
  }
  const told = textOfConfig(tree, tool.dependency)?.match(OUTPUT)?.[1];
  const folder = told === undefined || told.split('/').includes('..') ? tool.folder : told;
  // Several pages of HTML are found by their own paths.
  const pages = tree.paths.filter((path) => /^[^/]+\.html$/.test(path)).length;
  return { ...tool, folder, isSinglePage: tool.isSinglePage && pages <= 1 };
}

/** What a framework makes that serves otherwise, where the project has it make files alone; null where it serves. */
export function findExport(tree: FileTree, { dependencies, scripts }: Manifest): SiteTool | null {
  if (dependencies.has('next') && /\boutput:\s*['"`]export\b/.test(textOfConfig(tree, 'next') ?? ''))
    return {
      ...{ dependency: 'next', name: 'Next.js', build: 'npx next build', folder: 'out' },
      ...{ isSinglePage: false, hashed: '_next/static' },
    };
  if (dependencies.has('nuxt') && /\b(nuxt|nuxi) generate\b/.test(scripts.build ?? ''))
    return {
      ...{ dependency: 'nuxt', name: 'Nuxt', build: 'npx nuxt generate', folder: '.output/public' },
      ...{ isSinglePage: false, hashed: '_nuxt' },
    };
  const router = TOOLS.find(({ dependency }) => dependency === '@react-router/dev');
  const isPageAlone = /\bssr:\s*false\b/.test(textOfConfig(tree, 'react-router') ?? '');
  return router !== undefined && dependencies.has(router.dependency) && isPageAlone ? router : null;
}

function textOfConfig(tree: FileTree, name: string): string | null {
  const endings = ['ts', 'js', 'mjs', 'mts', 'cjs'];
  const path = endings.map((ending) => `${name}.config.${ending}`).find((each) => hasFile(tree, each));
  return path === undefined ? null : tree.readText(path);
}
