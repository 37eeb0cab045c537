import type { GeneratedValue } from './blueprint.ts';

/** Random bytes as the text that goes into a template. */
export function generatedText({ bytes, format }: GeneratedValue, random: Uint8Array): string {
  if (random.length !== bytes) throw new Error(`${bytes} random bytes are needed, not ${random.length}`);
  if (format === 'hex') return [...random].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return btoa(String.fromCharCode(...random));
}
