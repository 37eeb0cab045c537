/**
 * npm run generate: writes what is made from the API's operations, the OpenAPI document and the client's types.
 * With --check it writes nothing, names what is not up to date, and ends with 1 if anything is.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApiText } from '@brainpod/api/openapi-text';

const ROOT = join(import.meta.dirname, '..');
const CLIENT = join(ROOT, 'packages', 'api-client');

/** Every generated file with what should be in it, by its path from the root. */
function generatedFiles(): Map<string, string> {
  const document = openApiText();
  return new Map([
    ['openapi/v1.json', document],
    ['packages/api-client/src/schema.ts', clientTypes(document)],
    ['packages/api-client/src/resource-input.json', resourceInput(document)],
  ]);
}

/** What a client shows of the kinds of resources where no API can be asked. */
function resourceInput(document: string): string {
  return `${JSON.stringify(JSON.parse(document).components.schemas.ResourceInput, null, 1)}\n`;
}

/** The client's types, by openapi-typescript as the client package pins it. */
function clientTypes(document: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'brainpod-generate-'));
  try {
    const input = join(directory, 'v1.json');
    const output = join(directory, 'schema.ts');
    writeFileSync(input, document);
    const tool = join(CLIENT, 'node_modules', 'openapi-typescript', 'bin', 'cli.js');
    const run = spawnSync(process.execPath, [tool, input, '--output', output], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`openapi-typescript failed: ${run.stderr}${run.stdout}`);
    return readFileSync(output, 'utf8');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function isUpToDate(path: string, text: string): boolean {
  try {
    return readFileSync(join(ROOT, path), 'utf8') === text;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

const checkOnly = process.argv.includes('--check');
for (const [path, text] of generatedFiles()) {
  if (isUpToDate(path, text)) continue;
  if (checkOnly) {
    console.error(`${path} is not up to date. Run npm run generate.`);
    process.exitCode = 1;
  } else {
    writeFileSync(join(ROOT, path), text);
    console.log(`wrote ${path}`);
  }
}
