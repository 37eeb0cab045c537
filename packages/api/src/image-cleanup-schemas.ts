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
    daily: Type.Optional(
      Type.Boolean({
        ...{ default: false },
        description:
          'true: it runs by itself once a day, for the first time a day after this; left out, it does not',
      }),
    ),
  },
  { additionalProperties: false },
);

export const CleanupPolicy = Type.Object({
  keepRevisions: Type.Integer(),
  keepTags: Type.Array(Type.String()),
  keepDays: Type.Integer(),
  daily: Type.Boolean({ description: 'It runs by itself once a day' }),
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

const LastCleanup = Type.Object({
  at: Instant,
  planned: Type.Integer({ description: 'How many images were not needed any longer' }),
  kept: Type.Integer({ description: 'How many stayed' }),
  deleted: Type.Integer({ description: 'How many are gone; what was pushed again meanwhile is not' }),
  bytes: Type.Integer({ description: 'What nothing of the pod needs any longer' }),
  problem: Type.Union([Type.String(), Type.Null()], {
    description: 'Why it was broken off, for a person; it is tried again within an hour',
  }),
});

export const ImageCleanup = Type.Object({
  policy: CleanupPolicy,
  isDefault: Type.Boolean({ description: 'Nothing was set for this pod' }),
  delete: Type.Array(CleanedImage),
  keep: Type.Array(CleanedImage),
  bytes,
  nextAt: Type.Union([Instant, Type.Null()], {
    description: 'When it runs by itself the next time; null where it does not',
  }),
  last: Type.Union([LastCleanup, Type.Null()], {
    description: 'What the last time did that it ran by itself; null before the first',
  }),
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
