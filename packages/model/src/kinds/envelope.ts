import Type, { type TSchema } from 'typebox';
import { DNS_LABEL_PATTERN, SERVICE_NAME_PATTERN } from '../dns-name.ts';
import { type AddressableKind, API_VERSION, type Kind, RESOURCE_NAMESPACE } from '../kind.ts';

const ResourceName = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: DNS_LABEL_PATTERN,
  description: 'a name of 1 to 63 lowercase letters, digits and hyphens, with a letter or digit at both ends',
});

/** A name that is also a host name inside the pod, which starts with a letter. */
const ServiceName = Type.String({
  minLength: 1,
  maxLength: 63,
  pattern: SERVICE_NAME_PATTERN,
  description:
    'a name of 1 to 63 lowercase letters, digits and hyphens that starts with a letter and ends with a letter or digit',
});

const Namespace = Type.Literal(RESOURCE_NAMESPACE);

/** The four fields that every resource has, around its own spec. */
export function resourceOf<const K extends Exclude<Kind, AddressableKind>, const S extends TSchema>(
  kind: K,
  spec: S,
) {
  return Type.Object({
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal(kind),
    metadata: Type.Object({ name: ResourceName, namespace: Namespace }),
    spec,
  });
}

/** As resourceOf, for a kind whose name others in the pod reach it by. */
export function addressableResourceOf<const K extends AddressableKind, const S extends TSchema>(
  kind: K,
  spec: S,
) {
  return Type.Object({
    apiVersion: Type.Literal(API_VERSION),
    kind: Type.Literal(kind),
    metadata: Type.Object({ name: ServiceName, namespace: Namespace }),
    spec,
  });
}

/** The envelope alone, to find its faults when the kind is unknown. */
export const Envelope = Type.Object({
  apiVersion: Type.Literal(API_VERSION),
  metadata: Type.Object({ name: ResourceName, namespace: Namespace }),
});

export const Port = Type.Integer({ minimum: 1, maximum: 65535 });
