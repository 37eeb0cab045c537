import { childOf, type Fault, isRecord, joinPath } from '@brainpod/model/fault';
import type { JsonValue } from './json-value.ts';

/** Where a placeholder takes its value from. */
type Place = { source: 'input' | 'generated'; name: string };
/** A piece of a text in a template. */
type Part = string | Place;
/** The values of placeholders, by source and name. */
type Values = Record<Place['source'], Readonly<Record<string, JsonValue>>>;

const PLACEHOLDER = /\{\{ *(input|generated)\.([A-Za-z][A-Za-z0-9]*) *\}\}/g;

/**
 * Puts values into a template. A text that is nothing but one placeholder becomes the value, of whatever type; in
 * a longer text the value stands as text. What a value holds is never read again: it is neither YAML nor a template.
 * Every placeholder must be among the values (`templateFaults` finds those that are not).
 */
export function fillTemplate(template: JsonValue, values: Values): JsonValue {
  if (typeof template === 'string') return fillText(partsOf(template), values);
  if (isList(template)) return template.map((member) => fillTemplate(member, values));
  if (!isRecord(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, member]) => [key, fillTemplate(member, values)]),
  );
}

/** What is wrong with the placeholders of a template, given which there are. */
export function templateFaults(template: JsonValue, values: Values, path = ''): Fault[] {
  if (typeof template === 'string') return textFaults(partsOf(template), values, path);
  if (isList(template)) {
    return template.flatMap((member, index) => templateFaults(member, values, joinPath(path, index)));
  }
  if (!isRecord(template)) return [];
  return Object.entries(template).flatMap(([key, member]) => [
    ...(hasBraces(key) ? [{ path, message: 'A placeholder may stand in a value, not in a key.' }] : []),
    ...templateFaults(member, values, joinPath(path, key)),
  ]);
}

/** Every placeholder of a template, in the order in which they stand there. */
export function placesIn(template: JsonValue): Place[] {
  if (typeof template === 'string') return partsOf(template).filter((part) => typeof part !== 'string');
  if (isList(template)) return template.flatMap(placesIn);
  return isRecord(template) ? Object.values(template).flatMap(placesIn) : [];
}

/**
 * Which inputs made what stands at a place of a filled template, as paths from the input on: `domains[1]` for
 * `spec.domains[1]` where the list is an input. Of a place that holds many texts, the inputs of all.
 */
export function inputsAt(template: JsonValue, path: string): string[] {
  let current: JsonValue | undefined = template;
  const steps = stepsOf(path);
  for (const [index, step] of steps.entries()) {
    if (typeof current === 'string') {
      const rest = steps.slice(index);
      return inputPaths(current).map((input) => rest.reduce<string>(joinPath, input));
    }
    current = memberOf(current, step);
  }
  return current === undefined ? [] : inputPaths(current);
}

function inputPaths(template: JsonValue): string[] {
  const inputs = placesIn(template).filter(({ source }) => source === 'input');
  return [...new Set(inputs.map(({ name }) => name))];
}

function memberOf(value: JsonValue | undefined, step: string | number): JsonValue | undefined {
  // What templates hold is JSON all the way down.
  return childOf(value, String(step)) as JsonValue | undefined;
}

/** The steps of a path as joinPath writes them. */
function stepsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|([^.[\]]+)/g)].map(([, index, quoted, key]) => {
    if (index !== undefined) return Number(index);
    return quoted === undefined ? (key ?? '') : String(JSON.parse(quoted));
  });
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const match of text.matchAll(PLACEHOLDER)) {
    const [whole, source, name = ''] = match;
    if (match.index > from) parts.push(text.slice(from, match.index));
    parts.push({ source: source === 'input' ? 'input' : 'generated', name });
    from = match.index + whole.length;
  }
  if (from < text.length || parts.length === 0) parts.push(text.slice(from));
  return parts;
}

function fillText(parts: readonly Part[], values: Values): JsonValue {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined && typeof first !== 'string') return valueAt(first, values);
  return parts.map((part) => (typeof part === 'string' ? part : String(valueAt(part, values)))).join('');
}

function valueAt({ source, name }: Place, values: Values): JsonValue {
  const value = Object.hasOwn(values[source], name) ? values[source][name] : undefined;
  if (value === undefined) throw new Error(`a template has a placeholder ${source}.${name} without a value`);
  return value;
}

function textFaults(parts: readonly Part[], values: Values, path: string): Fault[] {
  return parts.flatMap((part) => {
    if (typeof part === 'string') return hasBraces(part) ? [{ path, message: NO_PLACEHOLDER }] : [];
    if (!Object.hasOwn(values[part.source], part.name)) {
      const message = `Has a placeholder for ${part.source}.${part.name}, which the blueprint does not declare.`;
      return [{ path, message }];
    }
    if (parts.length === 1 || typeof valueAt(part, values) !== 'object') return [];
    return [
      { path, message: `Has the list ${part.source}.${part.name} inside a text; it must stand alone.` },
    ];
  });
}

const NO_PLACEHOLDER = 'Has "{{" or "}}" that is no placeholder: {{ input.name }} or {{ generated.name }}.';

function hasBraces(text: string): boolean {
  return text.includes('{{') || text.includes('}}');
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
