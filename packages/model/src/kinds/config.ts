import Type, { type Static } from 'typebox';
import { hasControlCharacter } from '../control-character.ts';
import { type Fault, isRecord } from '../fault.ts';
import { resourceOf } from './envelope.ts';
import type { Rule } from './rule.ts';

/** All files of one Config together, in bytes of UTF-8. */
const MAX_CONFIG_BYTES = 1_000_000;

// A Kubernetes API server reads requests of up to 3 MiB, in which a control character takes six bytes.
const MAX_JSON_BYTES = 2_900_000;
const MAX_FILE_NAME_CHARACTERS = 253;

const ConfigSpec = Type.Object({
  files: Type.Refine(
    Type.Record(Type.String(), Type.String(), {
      description: 'an object that maps file names to their text',
    }),
    (files) => fileNamesFault(files) === undefined,
    (files) => fileNamesFault(files) ?? '',
  ),
});

export const ConfigInputSchema = resourceOf('Config', ConfigSpec);
export type ConfigDocument = Static<typeof ConfigInputSchema>;

export const CONFIG_RULES: readonly Rule<ConfigDocument>[] = [{ reads: ['spec.files'], check: filesFit }];

function fileNamesFault(files: unknown): string | undefined {
  if (!isRecord(files)) return undefined;
  const names = Object.keys(files);
  if (names.includes('')) return 'Has a file without a name.';
  if (names.some((name) => name.length > MAX_FILE_NAME_CHARACTERS)) {
    return `Has a file whose name is longer than ${MAX_FILE_NAME_CHARACTERS} characters.`;
  }
  // A line separator is no control character, but to a pattern's `.` it is the end of a line.
  if (names.some((name) => hasControlCharacter(name) || /[\u2028\u2029]/.test(name)))
    return 'Has a file whose name contains a control character.';
  return undefined;
}

function filesFit({ spec }: ConfigDocument): Fault[] {
  const encoder = new TextEncoder();
  const totalBytes = Object.values(spec.files).reduce((sum, text) => sum + encoder.encode(text).length, 0);
  if (totalBytes <= MAX_CONFIG_BYTES) {
    if (encoder.encode(JSON.stringify(spec.files)).length <= MAX_JSON_BYTES) return [];
    const message =
      'Holds too many control characters: a Config is for text. Put binary files into the image.';
    return [{ path: 'spec.files', message }];
  }
  const message = `Holds ${totalBytes} bytes in all; a Config may hold ${MAX_CONFIG_BYTES} (1 MB). Put large files into the image.`;
  return [{ path: 'spec.files', message }];
}
