import { expect, it } from 'vitest';
import { leavesPackages } from './node-build-script.ts';

const scripts = {
  build: 'npm run clean && tsc -p tsconfig.build.json',
  clean: 'rimraf dist',
  postclean: 'echo done',
  'build:all': 'pnpm build:css; pnpm exec vite build',
  'build:css': 'NODE_ENV=production npx tailwindcss -i a.css -o b.css --minify',
  generated: 'prisma generate && tsc',
  hooked: 'tsc',
  prehooked: 'node scripts/fetch.js',
  round: 'yarn round',
};

it.each([
  ['npm run build', true],
  ['pnpm run build:all', true],
  ['npx next build', true],
  ['cross-env CI=1 vite build', true],
  ['tsc && cp -r views dist/', true],
  ['npm run generated', false],
  ['npm run hooked', false],
  ['npm run round', false],
  ['npm run missing', false],
  ['node build.js', false],
  ['tsc & vite build', false],
  ['tsc && cp -r lib node_modules/', false],
  ['tsc > $OUT', false],
  ['make', false],
  ['', false],
])('says which builds are known to leave the packages alone: %s', (command, leaves) => {
  expect(leavesPackages(command, { scripts })).toBe(leaves);
});

it('looks at each script once, however often others run it', () => {
  const many = (name: string) => Array.from({ length: 1000 }, () => `npm run ${name}`).join(' && ');
  const wide = { build: many('one'), one: many('two'), two: many('three'), three: many('four'), four: 'tsc' };
  expect(leavesPackages('npm run build', { scripts: wide })).toBe(true);
});
