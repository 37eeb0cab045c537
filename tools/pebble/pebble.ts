import type { GoProgram } from '../go-programs.ts';

/** The ACME authority that tests ask for certificates. */
export const PEBBLE: GoProgram = {
  moduleDir: import.meta.dirname,
  package: 'github.com/letsencrypt/pebble/v2/cmd/pebble',
  name: 'pebble',
};
