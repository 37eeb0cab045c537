import Type from 'typebox';
import { ImageList, VISIBILITIES } from '../../image-schemas.ts';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { imageSummary, isAbout } from '../../representations/image.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
const MAX_SEARCH_CHARACTERS = 256;

export const listPodImages = podOperation({
  id: 'listPodImages',
  method: 'GET',
  path: '/v1/pods/{pod}/images',
  tag: 'images',
  summary: 'List the container images that a pod may use',
  description:
    'Those in its own part of the registry, the newest first. There are no public ones yet. What was pushed and is no container image, such as a signature, is left out.',
  access: { actions: ['registry:pull'] },
  query: Type.Object({
    search: Type.Optional(
      Type.String({
        maxLength: MAX_SEARCH_CHARACTERS,
        description: `at most ${MAX_SEARCH_CHARACTERS} characters of a repository, tag, digest, pod, architecture or exposed port`,
      }),
    ),
    visibility: Type.Optional(
      Type.Enum(['all', ...VISIBILITIES], { default: 'all', description: '"all", "public" or "pod"' }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_LIMIT,
        default: DEFAULT_LIMIT,
        description: `a whole number from 1 to ${MAX_LIMIT}: how many at most`,
      }),
    ),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        default: 0,
        description: 'a whole number from 0 on: how many to leave out before',
      }),
    ),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'A page of images', schema: ImageList } },
  handle: async ({ deps, pod, query, callerGone }) => {
    const place = { pod: pod.name, registryHost: deps.registryHost };
    const { search = '', visibility = 'all', limit = DEFAULT_LIMIT, offset = 0 } = query;
    const images = visibility === 'public' ? [] : await deps.images.list(pod.name, callerGone());
    const found = images
      .filter((image) => isAbout(place, image, search))
      .map((image) => imageSummary(place, image))
      .sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
    const next = offset + limit;
    return {
      status: 200,
      body: {
        items: found.slice(offset, next),
        total: found.length,
        _links: {
          self: links.images(pod.name, query),
          next: next < found.length ? links.images(pod.name, { ...query, offset: next }) : null,
        },
      },
    };
  },
});
