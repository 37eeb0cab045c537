import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { revisionStateDiagram } from '@brainpod/model/revision-state';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

const PAGES = ['README.md', 'ARCHITECTURE.md', ...['adr', 'guides', 'results'].flatMap(pagesIn)];

function pagesIn(folder: string): string[] {
  return readdirSync(join(ROOT, 'docs', folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${folder}/${name}`);
}

describe('the documentation', () => {
  it('draws the states of a revision as the code has them', () => {
    expect(read('ARCHITECTURE.md')).toContain(revisionStateDiagram().trimEnd());
  });

  it('has every package and every Go command on the map', () => {
    const map = read('ARCHITECTURE.md');
    for (const name of readdirSync(join(ROOT, 'packages'))) expect(map).toContain(`\`packages/${name}\``);
    for (const name of readdirSync(join(ROOT, 'engine/cmd')))
      expect(map).toMatch(new RegExp(`engine/cmd/.*\\b${name}\\b`));
  });

  it('names no script that does not exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const page of PAGES) {
      for (const [, name] of read(page).matchAll(/npm run ([a-z:-]+)/g))
        expect(scripts, page).toHaveProperty(name ?? '');
    }
    for (const command of Object.values(scripts))
      expect(existsSync(join(ROOT, command.split(' ')[1] ?? '')), command).toBe(true);
  });

  it('has no dead links', () => {
    const dead = PAGES.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((target) => !existsSync(join(ROOT, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(dead).toEqual([]);
  });
});
