import type { ResourceDocument } from '@brainpod/model/document';
import { isRecord } from '@brainpod/model/fault';
import { compareText } from '../pod-view.ts';
import { isSame } from './side.ts';

/**
 * What differs between two documents of one resource, in words for a person, each field on its own. Values of env and
 * files are never repeated: they may be somebody's password. Fields in `ignored` are passed over.
 */
export function fieldReasons(
  before: ResourceDocument | undefined,
  after: ResourceDocument | undefined,
  ignored: readonly string[] = [],
): string[] {
  if (after === undefined) return before === undefined ? [] : ['it is taken out of the pod'];
  if (before === undefined) return ['it is new'];
  const old: Record<string, unknown> = before.spec;
  const next: Record<string, unknown> = after.spec;
  return [...new Set([...Object.keys(old), ...Object.keys(next)])]
    .filter((field) => !ignored.includes(field) && !isSame(old[field], next[field]))
    .sort(compareText)
    .flatMap((field) => reasonsOfField(field, old[field], next[field]));
}

function reasonsOfField(field: string, old: unknown, next: unknown): string[] {
  switch (field) {
    case 'env':
      return members('variable', byKey(old, 'name'), byKey(next, 'name'));
    case 'files':
      return members('file', new Map(Object.entries(Object(old))), new Map(Object.entries(Object(next))));
    case 'rules':
      return members('the rule for', byKey(old, 'path'), byKey(next, 'path'));
    case 'domains':
      return members('domain', ofTexts(old), ofTexts(next));
    case 'allow':
      return next === undefined || old === undefined
        ? [
            next === undefined
              ? 'allow is taken out: every network is let in'
              : 'allow is new: no other network is let in',
          ]
        : members('the network', ofTexts(old), ofTexts(next));
    case 'mounts':
      return members('the mount at', byKey(old, 'path'), byKey(next, 'path'));
    default:
      return [`${field} ${becomes(old, next)}`];
  }
}

function becomes(old: unknown, next: unknown): string {
  if (next === undefined) return 'is taken out';
  const isPlain = typeof next === 'string' || typeof next === 'number';
  if (!isPlain) return old === undefined ? 'is new' : 'changed';
  return old === undefined ? `is ${next}, and was not set` : `is ${next}, and was ${old}`;
}

/** What became of the members of a list or map. Where each is as it was, only their order is not. */
function members(
  what: string,
  old: ReadonlyMap<string, unknown>,
  next: ReadonlyMap<string, unknown>,
): string[] {
  const names = [...new Set([...old.keys(), ...next.keys()])].sort(compareText);
  const reasons = names
    .filter((name) => !isSame(old.get(name), next.get(name)))
    .map((name) => {
      if (!old.has(name)) return `${what} ${name} is new`;
      return next.has(name) ? `${what} ${name} changed` : `${what} ${name} is taken out`;
    });
  return reasons.length > 0 ? reasons : [`the order changed in which it lists ${what} ${names.join(', ')}`];
}

function byKey(list: unknown, key: string): Map<string, unknown> {
  const found = Array.isArray(list) ? list.filter(isRecord) : [];
  return new Map(found.map((member) => [String(member[key]), member]));
}

function ofTexts(list: unknown): Map<string, unknown> {
  return new Map(Array.isArray(list) ? list.map((text) => [String(text), text]) : []);
}
