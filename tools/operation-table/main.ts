/**
 * node tools/operation-table/main.ts REPORT [--write]: holds Vitest's JSON report of the integration tests against the
 * operations there are. Names every status and kind of key that no test proves, and ends with 1 if there is one or
 * docs/reference/operations.md is not up to date; --write brings that up to date.
 */
import { checkOperationTable } from './check.ts';

const [report] = process.argv.slice(2).filter((argument) => argument !== '--write');
if (report === undefined) throw new Error('name the JSON report of a run of the integration tests');
const faults = await checkOperationTable(report, { write: process.argv.includes('--write') });
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;
