import type { Blueprint } from '@brainpod/blueprint/blueprint';
import { links } from '../links.ts';
import type { BlueprintBody } from '../schemas.ts';

/** A blueprint as lists show it. */
export function blueprintBody(blueprint: Blueprint): BlueprintBody {
  const { id, name, category, description, tagline, tags, version } = blueprint;
  return {
    id,
    name,
    category,
    description,
    tagline,
    tags: [...tags],
    version,
    _links: { self: links.blueprint(id) },
  };
}
