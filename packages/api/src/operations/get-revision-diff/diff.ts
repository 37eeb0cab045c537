import { canonicalJson } from '@brainpod/model/canonical-json';
import type { Kind, ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import type { RevisionEntry } from '@brainpod/store/documents';
import { createTwoFilesPatch } from 'diff';
import { stringify } from 'yaml';

export type Change = {
  kind: Kind;
  name: string;
  changeType: 'create' | 'update' | 'delete';
  /** A unified diff of the two documents as YAML. */
  patch: string;
};

type Entry = Pick<RevisionEntry, 'kind' | 'name' | 'hash' | 'document'>;

// Comparing texts that share next to nothing takes long and helps nobody: then all old lines go and all new come.
const MAX_EDITS = 2_000;

/** What turns one revision's resources into another's, by kind and name. The same input gives the same text. */
export function diffEntries(before: readonly Entry[], after: readonly Entry[]): Change[] {
  const old = new Map(before.map((entry) => [placeOf(entry.document), entry]));
  const current = new Map(after.map((entry) => [placeOf(entry.document), entry]));
  const places = [...new Set([...old.keys(), ...current.keys()])].sort();
  return places.flatMap((place) => {
    const from = old.get(place);
    const to = current.get(place);
    const entry = to ?? from;
    if (entry === undefined || (from !== undefined && to !== undefined && from.hash.equals(to.hash)))
      return [];
    const changeType = from === undefined ? 'create' : to === undefined ? 'delete' : 'update';
    return [
      { kind: entry.kind, name: entry.name, changeType, patch: patchOf(place, from?.document, to?.document) },
    ];
  });
}

function patchOf(
  place: string,
  from: ResourceDocument | undefined,
  to: ResourceDocument | undefined,
): string {
  const oldName = from === undefined ? '/dev/null' : `a/${place}.yaml`;
  const newName = to === undefined ? '/dev/null' : `b/${place}.yaml`;
  const [oldText, newText] = [textOf(from), textOf(to)];
  const options = { context: 3, maxEditLength: MAX_EDITS };
  const patch = createTwoFilesPatch(oldName, newName, oldText, newText, '', '', options);
  const text = patch ?? wholePatch({ oldName, newName, oldText, newText });
  // The library puts a line above that only its own tools know.
  return text.replace(/^=+\n/, '');
}

/** A patch that takes out every old line and puts in every new one. */
function wholePatch(sides: { oldName: string; newName: string; oldText: string; newText: string }): string {
  const removed = sides.oldText.split('\n').slice(0, -1);
  const added = sides.newText.split('\n').slice(0, -1);
  const lines = [
    `--- ${sides.oldName}`,
    `+++ ${sides.newName}`,
    `@@ -${rangeOf(removed)} +${rangeOf(added)} @@`,
    ...removed.map((line) => `-${line}`),
    ...added.map((line) => `+${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

function rangeOf(lines: readonly string[]): string {
  return lines.length === 0 ? '0,0' : `1,${lines.length}`;
}

/** A document as people write it: keys in one order, texts of several lines as blocks. */
function textOf(document: ResourceDocument | undefined): string {
  if (document === undefined) return '';
  return stringify(JSON.parse(canonicalJson(document)), { lineWidth: 0, aliasDuplicateObjects: false });
}
