import { isDnsLabel } from './dns-name.ts';
import { invalid, type Parsed, valid } from './fault.ts';
import { KINDS, type Kind, RESOURCE_NAMESPACE } from './kind.ts';

export type Urn = { kind: Kind; namespace: string; name: string };

/** The address of a resource within its pod: `urn:brain:app:default:web`. */
export function formatUrn(kind: Kind, name: string): string {
  return `urn:brain:${kind.toLowerCase()}:${RESOURCE_NAMESPACE}:${name}`;
}

/** Reads a resource URN. The kind is taken in any case, as existing clients write it. */
export function parseUrn(text: string): Parsed<Urn> {
  const parts = text.split(':');
  const [scheme, authority, kindText = '', namespace = '', name = ''] = parts;
  if (parts.length !== 5 || scheme !== 'urn' || authority !== 'brain') {
    return invalid('Must be a URN of five parts, such as urn:brain:app:default:web.');
  }
  const kind = KINDS.find((candidate) => candidate.toLowerCase() === kindText.toLowerCase());
  if (kind === undefined) {
    const known = KINDS.map((candidate) => candidate.toLowerCase()).join(', ');
    return invalid(`Its third part must be a kind: one of ${known}.`);
  }
  if (namespace !== RESOURCE_NAMESPACE) return invalid('Its fourth part must be "default".');
  if (!isDnsLabel(name)) {
    return invalid('Its last part must be a name of 1 to 63 lowercase letters, digits and hyphens.');
  }
  return valid({ kind, namespace, name });
}
