import Type, { type Static } from 'typebox';
import { Instant, LinkSchema, nullable } from './schema-parts.ts';

// The shapes of container images.

export const VISIBILITIES = ['public', 'pod'] as const;

const place = {
  repository: Type.String({ description: 'Without the name of the pod' }),
  tag: Type.String(),
  namespace: Type.String({ description: 'The first part of its name: that of the pod' }),
  visibility: Type.Enum(VISIBILITIES),
};

export const ImageSummary = Type.Object({
  ...place,
  architectures: Type.Array(Type.String()),
  digest: Type.String(),
  reference: Type.String({ description: 'With the digest, so that it always means this image' }),
  createdAt: nullable(Instant),
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema, inspect: LinkSchema }),
});

export const ImageList = Type.Object({
  items: Type.Array(ImageSummary),
  total: Type.Integer({ description: 'How many there are on all pages' }),
  _links: Type.Object({ self: LinkSchema, next: nullable(LinkSchema) }),
});

export const ImageVariant = Type.Object({
  architecture: Type.String(),
  digest: Type.String(),
  reference: Type.String({ description: 'With the digest' }),
  uid: Type.Union([Type.Integer(), Type.Null()], {
    description:
      'The user that it starts as; 0 is root. Null where it is a name, whose number nobody can tell',
  }),
  gid: nullable(Type.Integer()),
  exposedPorts: Type.Array(Type.String({ description: 'Such as 80/tcp' })),
  createdAt: Type.String({
    format: 'date-time',
    description: 'What its builder says; the beginning of 1970 where that says nothing',
  }),
  updatedAt: nullable(Instant),
  attestations: Type.Array(Type.String(), {
    description:
      'The kinds of what is said of it in the registry, such as https://slsa.dev/provenance/v1: in-toto statements that refer to it',
  }),
});

export const ImageDetail = Type.Object({
  ...place,
  reference: Type.String({ description: 'With the tag, which may lead to another image later' }),
  variants: Type.Array(ImageVariant),
  _links: Type.Object({ self: LinkSchema, pod: LinkSchema }),
});

export type ImageSummaryBody = Static<typeof ImageSummary>;
export type ImageDetailBody = Static<typeof ImageDetail>;
