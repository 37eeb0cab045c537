import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseAllDocuments } from 'yaml';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';

/**
 * Reads resources from a file or, with `-`, from standard input: JSON or YAML, one object, a list, or several
 * documents. Gives them in the order they were written. Throws CliFailure with line and column of every mistake.
 */
export async function readDocuments(file: string, io: Io): Promise<unknown[]> {
  const source = file === '-' ? await text(io.stdin) : await readText(file);
  const documents = parseDocuments(source, file === '-' ? 'standard input' : file);
  if (documents.length === 0)
    throw new CliFailure(`There is nothing in ${file === '-' ? 'standard input' : file}.`);
  return documents;
}

/** As readDocuments, where exactly one is wanted. */
export async function readDocument(file: string, io: Io): Promise<unknown> {
  const documents = await readDocuments(file, io);
  if (documents.length === 1) return documents[0];
  throw new CliFailure(`One resource is replaced at a time, and ${file} holds ${documents.length}.`);
}

/** JSON is a part of YAML: one parser reads both. */
export function parseDocuments(source: string, name: string): unknown[] {
  const parsed = parseAllDocuments(source, { prettyErrors: true, version: '1.2' });
  if (!Array.isArray(parsed)) return [];
  const faults = parsed.flatMap((document) => [...document.errors, ...document.warnings]);
  if (faults.length > 0) {
    throw new CliFailure(
      `${name} cannot be read:\n${faults.map((fault) => fault.message.trim()).join('\n')}`,
    );
  }
  return parsed
    .map((document): unknown => document.toJS({ maxAliasCount: 100 }))
    .filter((value) => value !== null && value !== undefined)
    .flatMap((value) => (Array.isArray(value) ? value : [value]));
}

/** The text of a file. Throws CliFailure that says why it cannot be read. */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliFailure(`${file} cannot be read: ${reason}`, { cause: error });
  }
}
