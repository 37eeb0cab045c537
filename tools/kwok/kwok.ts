import type { GoProgram } from '../go-programs.ts';

/** The `kwok` command, which plays kubelets. */
export const KWOK: GoProgram = {
  moduleDir: import.meta.dirname,
  package: 'sigs.k8s.io/kwok/cmd/kwok',
  name: 'kwok',
};
