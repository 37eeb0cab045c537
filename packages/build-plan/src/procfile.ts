import type { FileTree } from './build-plan.ts';

/** What a Procfile starts for the web; null where there is none. */
export function webOfProcfile(tree: FileTree): string | null {
  const line = /^web:[ \t]*(\S.*)$/m.exec(tree.readText('Procfile') ?? '')?.[1];
  return line?.trim() ?? null;
}

/** As a program and its arguments; by a shell where the line needs one. */
export function wordsOf(line: string): string[] {
  // What follows a shell's exec gets the signals first hand.
  if (/["'`$&|;<>()*?~#\\]|^\w+=/.test(line)) return ['sh', '-c', /[&|;]/.test(line) ? line : `exec ${line}`];
  return line.trim().split(/\s+/);
}
