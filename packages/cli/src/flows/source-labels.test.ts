import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSourceLabels } from './source-labels.ts';

let folder: string;
const environment = { PATH: process.env.PATH, HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'brainpod-labels-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]): string {
  const env = { ...environment, GIT_CONFIG_GLOBAL: '/dev/null' };
  return execFileSync('git', args, { cwd: folder, env, encoding: 'utf8' }).trim();
}

it('are of the commit and the branch, and of the repository at GitHub without what opens it', async () => {
  git('init', '--initial-branch=feature/prices', '.');
  git('remote', 'add', 'origin', 'https://user:token@github.com/acme/shop.git');
  expect(await readSourceLabels(folder, environment)).toEqual({
    'git.refname': 'refs/heads/feature/prices',
    'github.repo': 'acme/shop',
  });
  writeFileSync(join(folder, 'a'), 'a');
  git('add', 'a');
  git('-c', 'user.name=Shop', '-c', 'user.email=shop@example.com', 'commit', '--message=First');
  expect(await readSourceLabels(folder, { ...environment, GITHUB_WORKFLOW: 'Deploy' })).toEqual({
    'git.rev': git('rev-parse', 'HEAD'),
    'git.refname': 'refs/heads/feature/prices',
    'github.repo': 'acme/shop',
    'github.workflow': 'Deploy',
  });
});

it('know other remotes not, and what a pipeline has checked out without a branch by its variable', async () => {
  git('init', '--initial-branch=main', '.');
  git('remote', 'add', 'origin', 'git@git.example.com:acme/shop.git');
  git('-c', 'user.name=Shop', '-c', 'user.email=shop@example.com', 'commit', '--allow-empty', '--message=A');
  git('checkout', '--quiet', '--detach');
  expect(await readSourceLabels(folder, { ...environment, GITHUB_REF: 'refs/pull/7/merge' })).toEqual({
    'git.rev': git('rev-parse', 'HEAD'),
    'git.refname': 'refs/pull/7/merge',
  });
});

it('are none where there is no repository, and where there is no git', async () => {
  expect(await readSourceLabels(folder, { ...environment, GIT_CEILING_DIRECTORIES: tmpdir() })).toEqual({});
  git('init', '--initial-branch=main', '.');
  expect(await readSourceLabels(folder, { PATH: folder })).toEqual({});
});
