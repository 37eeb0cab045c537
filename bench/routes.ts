/**
 * The edge with 100, 300 and 1,000 Routes: how long a new one takes to serve, whether the others lose a request meanwhile, and
 * what it costs. The objects are those that our compiler makes of Apps with a Route each, without the instances: one beside the
 * cluster answers for all. Writes docs/results/routes.md. `--sizes 100,300` for others, `--rounds N` new Routes at
 * each (default 10), `--dry` to print only. Needs root.
 */
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../tools/start/engine-key.mjs';
import { runBesideEngine } from './edge/beside-engine.ts';
import { type Growth, growthTable } from './edge/growth-report.ts';
import { ensureLoadPrograms } from './edge/programs.ts';
import { measuredOn } from './machine.ts';
import { writeTable } from './results.ts';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '100,300,1000' },
    rounds: { type: 'string', default: '10' },
    dry: { type: 'boolean', default: false },
  },
});
const programs = await ensureLoadPrograms(cacheDirectory(process.env, homedir()), (text) =>
  console.log(`   ${text}`),
);
const sizes = values.sizes.split(',').map(Number);
const said = await runBesideEngine('growth.ts', { programs, sizes, rounds: Number(values.rounds) });
// What growth.ts prints.
const { text, ok } = growthTable(JSON.parse(said) as Growth);
const table = `${measuredOn('npm run verify routes')}

${text}`;
console.log(table);
if (!values.dry) await writeTable('routes.md', table);
process.exitCode = ok ? 0 : 1;
