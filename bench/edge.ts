/**
 * What the edge adds to a request, beside Caddy, HAProxy and nginx with the same work: TLS 1.3, kept connections, HTTP/1.1 and
 * HTTP/2, small and large answers. Writes docs/results/edge-speed.md. `--rounds N` (default 3) of `--seconds N` (default
 * 2) for each figure, `--dry` to print only. Needs root.
 */
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';
import { cacheDirectory } from '../tools/start/engine-key.mjs';
import { runBesideEngine } from './edge/beside-engine.ts';
import { ensureLoadPrograms, ensurePeers } from './edge/programs.ts';
import { type Speed, speedTable } from './edge/speed-report.ts';
import { measuredOn } from './machine.ts';
import { writeTable } from './results.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    dry: { type: 'boolean', default: false },
  },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
const cache = cacheDirectory(process.env, homedir());
const say = (text: string): void => console.log(`   ${text}`);
const programs = await ensureLoadPrograms(cache, say);
const peers = await ensurePeers(cache, say);
const said = await runBesideEngine('speed.ts', { programs, peers, rounds, seconds });
// What speed.ts prints.
const { text, ok } = speedTable(JSON.parse(said) as Speed);
const versions = Object.entries(peers).map(([name, { version }]) => `${name} ${version}`);
const table = `${measuredOn('npm run verify edge-speed')}

Medians of ${rounds} rounds of ${seconds} s, by turns. Versions: ${versions.join(', ')}.

${text}`;
console.log(table);
if (!values.dry) await writeTable('edge-speed.md', table);
process.exitCode = ok ? 0 : 1;
