import { readFile } from 'node:fs/promises';

/** The schema `ResourceInput` as it was when this program was made; resource-input.json is generated. */
export async function embeddedResourceInput(): Promise<unknown> {
  return JSON.parse(await readFile(new URL('./resource-input.json', import.meta.url), 'utf8'));
}
