import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Which of our packages each package may import. The map in ARCHITECTURE.md shows the same. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  model: [],
  compiler: ['model'],
  blueprint: ['model'],
  'build-plan': [],
  store: ['model'],
  kube: [],
  edge: [],
  builder: ['model'],
  registry: ['model'],
  sbom: [],
  reconciler: ['model', 'compiler', 'store', 'kube'],
  api: ['model', 'store', 'compiler', 'blueprint'],
  'api-client': [],
  supervisor: [],
  cli: ['api-client', 'build-plan', 'builder', 'supervisor'],
  server: [
    'model',
    'blueprint',
    'compiler',
    'store',
    'kube',
    'reconciler',
    'edge',
    'registry',
    'api',
    'build-plan',
    'builder',
    'sbom',
  ],
  testkit: ['model', 'edge', 'store', 'kube', 'supervisor'],
};

/** Packages whose functions give the same answer for the same input: no I/O, no clock, no randomness. */
const PURE = ['model', 'compiler', 'blueprint', 'build-plan'];
const IMPURE = /\bfrom 'node:|\bnew Date\(|\bDate\.now\(|\bMath\.random\(|\basync\b|\bawait\b|\bprocess\./;

type SourceFile = { path: string; packageName: string; text: string; isTest: boolean };

function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules'))
    .map((path) => ({
      path,
      packageName: path.split('/')[1] ?? '',
      text: readFileSync(join(ROOT, path), 'utf8'),
      isTest: /\.test\.ts$|\/test\/|\/testing\//.test(path),
    }));
}

function importsOf(text: string): string[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|import\(\s*'([^']+)'\s*\)|\n\s*import '([^']+)'/g,
  );
  return [...found].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function ownPackage(specifier: string): string | null {
  if (specifier.startsWith('@brainpod/')) return specifier.split('/')[1] ?? null;
  return specifier === 'brainpod' || specifier.startsWith('brainpod/') ? 'cli' : null;
}

const files = sourceFiles('packages');

describe('the direction of imports', () => {
  it('knows every package', () => {
    const packages = readdirSync(join(ROOT, 'packages')).sort();
    expect(Object.keys(MAY_IMPORT).sort()).toEqual(packages);
  });

  it('holds in every file', () => {
    const wrong = files.flatMap((file) => {
      const allowed = new Set([...(MAY_IMPORT[file.packageName] ?? []), file.packageName]);
      if (file.isTest) allowed.add('testkit');
      return importsOf(file.text)
        .map((specifier) => ({ specifier, target: ownPackage(specifier) }))
        .filter(({ target }) => target !== null && !allowed.has(target) && !(file.isTest && target !== null))
        .map(({ specifier }) => `${file.path} imports ${specifier}`);
    });
    expect(wrong).toEqual([]);
  });

  it('never leaves a package by a relative path', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file.text)
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => relative(ROOT, resolve(ROOT, dirname(file.path), specifier)))
        .filter((target) => target.startsWith('packages/') && target.split('/')[1] !== file.packageName)
        .map((target) => `${file.path} reaches into ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('has no cycles between files', () => {
    const graph = new Map(
      files.map((file) => [
        file.path,
        importsOf(file.text)
          .filter((specifier) => specifier.startsWith('.'))
          .map((specifier) => relative(ROOT, resolve(ROOT, dirname(file.path), specifier))),
      ]),
    );
    expect(findCycle(graph)).toBeNull();
  });
});

describe('purity', () => {
  it('keeps I/O, clocks and randomness out of model, compiler and blueprint', () => {
    const wrong = files
      .filter((file) => PURE.includes(file.packageName) && !file.isTest)
      .flatMap((file) =>
        file.text
          .split('\n')
          .map((line, index) => ({ line, at: `${file.path}:${index + 1}` }))
          .filter(({ line }) => IMPURE.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line))
          .map(({ line, at }) => `${at}: ${line.trim()}`),
      );
    expect(wrong).toEqual([]);
  });

  it('reads the environment only where the system is put together', () => {
    const composition = new Set(['server', 'supervisor', 'cli', 'testkit']);
    const wrong = files
      .filter(
        (file) => !file.isTest && !composition.has(file.packageName) && file.text.includes('process.env'),
      )
      .map((file) => file.path);
    expect(wrong).toEqual([]);
  });
});

function findCycle(graph: Map<string, string[]>): string[] | null {
  const done = new Set<string>();
  const visit = (node: string, trail: string[]): string[] | null => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...trail, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return null;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return null;
}
