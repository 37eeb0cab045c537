import { type Fault, joinPath, type Parsed, valid } from '@brainpod/model/fault';
import { parseAllDocuments } from 'yaml';
import type { JsonValue } from './json-value.ts';

/** The documents in a text of YAML, as JSON has them. Faults of syntax name line and column. */
export function parseYaml(text: string): Parsed<JsonValue[]> {
  const documents = parseAllDocuments(text, { version: '1.2', prettyErrors: true });
  // Of a text without any document, the library gives an empty list of another shape.
  if (!Array.isArray(documents)) return valid([]);
  const syntax = documents
    .flatMap((document) => [...document.errors, ...document.warnings])
    .map(({ message }): Fault => ({ path: '', message: message.trim() }));
  if (syntax.length > 0) return { ok: false, faults: syntax };
  const faults: Fault[] = [];
  const values = documents.map((document, index) =>
    // As maps: objects would turn keys that are no text into text.
    toJson(document.toJS({ mapAsMap: true }), documents.length === 1 ? '' : `[${index}]`, faults),
  );
  return faults.length > 0 ? { ok: false, faults } : valid(values);
}

function toJson(value: unknown, path: string, faults: Fault[]): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => toJson(item, joinPath(path, index), faults));
  if (value instanceof Map) return mapToJson(value, path, faults);
  faults.push({ path, message: 'Must be something that JSON has too.' });
  return null;
}

function mapToJson(map: Map<unknown, unknown>, path: string, faults: Fault[]): JsonValue {
  const entries: [string, JsonValue][] = [];
  for (const [key, member] of map) {
    if (typeof key === 'string') entries.push([key, toJson(member, joinPath(path, key), faults)]);
    else faults.push({ path, message: 'Has a key that is no text. A {{ … }} must stand in quotes.' });
  }
  return Object.fromEntries(entries);
}
