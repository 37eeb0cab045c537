import { type Fault, joinPath } from '@brainpod/model/fault';

// Deeper than any document of ours; deep enough input would exhaust the stack of whoever walks it.
const MAX_DEPTH = 40;

type Step = string | number;

/**
 * What no text of ours may hold, wherever in a body it stands: NUL, and halves of characters, neither of which
 * a database, a container's environment or a file of UTF-8 can hold. Also finds input that is nested too deeply.
 */
export function textFaults(body: unknown): Fault[] {
  const faults: Fault[] = [];
  visit(body, [], faults);
  return faults;
}

function visit(value: unknown, steps: Step[], faults: Fault[]): void {
  if (typeof value === 'string') {
    if (!isStorable(value)) complain(faults, steps, 'Must be text without NUL or broken characters.');
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (steps.length >= MAX_DEPTH) {
    complain(faults, steps, `Is nested more than ${MAX_DEPTH} levels deep.`);
    return;
  }
  const isList = Array.isArray(value);
  for (const [key, member] of Object.entries(value)) {
    if (!isStorable(key)) complain(faults, steps, 'Has a key with NUL or broken characters.');
    steps.push(isList ? Number(key) : key);
    visit(member, steps, faults);
    steps.pop();
  }
}

function complain(faults: Fault[], steps: readonly Step[], message: string): void {
  faults.push({ path: steps.reduce<string>(joinPath, ''), message });
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\u0000');
}
