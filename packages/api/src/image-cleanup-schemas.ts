import { DEFAULT_CLEANUP } from '@brainpod/model/image-cleanup';
import Type, { type Static } from 'typebox';
import { Instant, LinkSchema } from './schema-parts.ts';

// The shapes of what is done about images that are not needed any longer.

const MOST_TAGS = 50;
const { keepRevisions, keepDays } = DEFAULT_CLEANUP;

export const CleanupPolicyInput = Type.Object(
  {
    keepRevisions: Type.Optional(
      Type.Integer({
        ...{ minimum: 1, maximum: 100, default: keepRevisions },
        description: `a whole number from 1 to 100: all images stay that the last so many deployed revisions name; left out, ${keepRevisions}`,
      }),
    ),
    keepTags: Type.Optional(
      Type.Array(Type.String({ pattern: '^[A-Za-z0-9_.*-]{1,128}$' }), {
        maxItems: MOST_TAGS,
        description: `a list of up to ${MOST_TAGS} tags that stay, in which * stands for any characters; left out, none`,
      }),
    ),
    keepDays: Type.Optional(
      Type.Integer({
        ...{ minimum: 0, maximum: 3650, default: keepDays },
        description: `a whole number from 0 to 3650: what was pushed within so many days stays; left out, ${keepDays}`,
      }),
    ),
  },
  { additionalProperties: false },
);

export const CleanupPolicy = Type.Object({
  keepRevisions: Type.Integer(),
  keepTags: Type.Array(Type.String()),
  keepDays: Type.Integer(),
});

export const CleanedImage = Type.Object({
  repository: Type.String({ description: 'Without the name of the pod' }),
  tags: Type.Array(Type.String()),
  digest: Type.String(),
  pushedAt: Instant,
  reason: Type.String({ description: 'For a person' }),
});

const bytes = Type.Integer({
  description: 'What nothing of the pod needs any longer; the disk is freed a day later',
});
const itsLinks = Type.Object({ self: LinkSchema, pod: LinkSchema, images: LinkSchema });

export const ImageCleanup = Type.Object({
  policy: CleanupPolicy,
  isDefault: Type.Boolean({ description: 'Nothing was set for this pod' }),
  delete: Type.Array(CleanedImage),
  keep: Type.Array(CleanedImage),
  bytes,
  _links: itsLinks,
});

export const SetCleanup = Type.Object({ policy: CleanupPolicy, _links: itsLinks });

export const DeletedImages = Type.Object({
  deleted: Type.Array(CleanedImage, { description: 'What was pushed again meanwhile is not among them' }),
  untagged: Type.Union([Type.Object({ repository: Type.String(), tag: Type.String() }), Type.Null()], {
    description: 'The tag that was taken away from an image that stays',
  }),
  bytes,
  _links: itsLinks,
});

export type CleanupPolicyBody = Static<typeof CleanupPolicy>;
export type CleanedImageBody = Static<typeof CleanedImage>;
