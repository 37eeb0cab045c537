import { parseResourceInput, type ResourceInput } from '@brainpod/model/document';
import { type Fault, type Parsed, underPath } from '@brainpod/model/fault';
import type { Blueprint } from './blueprint.ts';
import { generatedText } from './generated.ts';
import { type Input, parseInput } from './input-schema.ts';
import type { JsonValue } from './json-value.ts';
import { fillTemplate, inputsAt } from './template.ts';

/** Random bytes for each value that the blueprint generates, by its name. */
export type RandomBytes = Readonly<Record<string, Uint8Array>>;

/**
 * The resources that a blueprint makes of an input, one for each template and in their order. The same input and
 * the same bytes give the same resources. All faults at once; their paths begin with `input`.
 */
export function instantiate(
  blueprint: Blueprint,
  input: unknown,
  random: RandomBytes,
): Parsed<ResourceInput[]> {
  const parsed = parseInput(blueprint, input);
  if (!parsed.ok) return { ok: false, faults: underPath('input', parsed.faults) };
  const made = makeResources(blueprint, parsed.value, random);
  return made.ok ? made : { ok: false, faults: faultsOfInput(blueprint, made.faults) };
}

/** As instantiate, of an input that has been read; the paths of faults begin with a resource's place, as `0.spec`. */
export function makeResources(
  blueprint: Blueprint,
  input: Input,
  random: RandomBytes,
): Parsed<ResourceInput[]> {
  const values = { input, generated: generatedTexts(blueprint, random) };
  const resources = blueprint.templates.map((template) => parseResourceInput(fillTemplate(template, values)));
  const faults = resources.flatMap((resource, index) =>
    resource.ok ? [] : underPath(String(index), resource.faults),
  );
  if (faults.length > 0) return { ok: false, faults };
  return { ok: true, value: resources.flatMap((resource) => (resource.ok ? [resource.value] : [])) };
}

/**
 * Turns faults of the resources (`0.spec.image`, by their place in the list) into faults of the input that caused
 * them (`input.image`). One that no single input causes is the input's as a whole.
 */
export function faultsOfInput(blueprint: Blueprint, faults: readonly Fault[]): Fault[] {
  const found = new Map<string, Fault>();
  for (const fault of faults.flatMap((each) => faultOfInput(blueprint, each))) {
    found.set(JSON.stringify([fault.path, fault.message]), fault);
  }
  return [...found.values()];
}

function faultOfInput({ templates }: Blueprint, { path, message }: Fault): Fault[] {
  const end = path.search(/[.[]/);
  const index = Number(end < 0 ? path : path.slice(0, end));
  // What lies in no resource, such as a limit of the pod, has no input behind it.
  if (!Number.isInteger(index)) return [{ path, message }];
  const rest = end < 0 ? '' : path.slice(end);
  const inputs = inputsAt(templates[index] ?? null, rest);
  if (inputs.length === 0) return [{ path: 'input', message: `${path}: ${message}` }];
  return inputs.map((input) => ({ path: `input.${input}`, message }));
}

function generatedTexts({ generate }: Blueprint, random: RandomBytes): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(generate).map(([name, value]) => [
      name,
      generatedText(value, random[name] ?? new Uint8Array()),
    ]),
  );
}
