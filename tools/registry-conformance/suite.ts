import type { GoProgram } from '../go-programs.ts';

/** What says of a registry whether it keeps to the OCI distribution specification. */
export const REGISTRY_CONFORMANCE: GoProgram = {
  moduleDir: import.meta.dirname,
  package: 'github.com/opencontainers/distribution-spec/conformance',
  name: 'registry-conformance',
};
