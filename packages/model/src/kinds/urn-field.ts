import Type from 'typebox';
import { type Kind, withArticle } from '../kind.ts';
import { parseUrn } from '../urn.ts';

/** A field that holds the URN of a resource of one kind. */
export function urnOf(kind: Kind) {
  return Type.Refine(
    Type.String({
      description: `the URN of ${withArticle(kind)}, such as urn:brain:${kind.toLowerCase()}:default:example`,
    }),
    (text) => urnFault(text, kind) === undefined,
    (text) => urnFault(text, kind) ?? '',
  );
}

/** Why a text is not the URN of a kind; undefined if it is. */
export function urnFault(text: string, kind: Kind): string | undefined {
  const urn = parseUrn(text);
  if (!urn.ok) return urn.faults.map((fault) => fault.message).join(' ');
  if (urn.value.kind === kind) return undefined;
  return `Must be the URN of ${withArticle(kind)}, but it names ${withArticle(urn.value.kind)}.`;
}

/** The name of the resource that a checked URN means. */
export function nameInUrn(reference: string): string {
  const urn = parseUrn(reference);
  return urn.ok ? urn.value.name : reference;
}
