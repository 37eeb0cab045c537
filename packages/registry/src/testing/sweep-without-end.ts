/** Sweeps a storage without any respect for age, again and again, and tells each file that it frees. For tests that kill it. */
import { watch } from 'node:fs';
import { RegistrySweep } from '../sweep/registry-sweep.ts';

const storage = process.argv[2] ?? '';
watch(storage, { recursive: true }, (event, name) => process.stdout.write(`${event} ${name}\n`));
const sweep = new RegistrySweep(storage);
for (;;) await sweep.run(AbortSignal.timeout(60_000), { unreferencedMs: 0, uploadMs: 0 });
