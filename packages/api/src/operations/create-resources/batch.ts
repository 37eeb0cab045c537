import { parseResourceInput, type ResourceInput } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { type Fault, invalid, type Parsed, underPath } from '@brainpod/model/fault';

/** Resources in one call at most. */
export const MAX_BATCH = 200;

/** Reads a list of resources; all faults of all of them at once, as `0.spec.image`. */
export function parseBatch(input: unknown): Parsed<ResourceInput[]> {
  if (!Array.isArray(input)) return invalid('Must be a list of resources: [ … ].');
  if (input.length > MAX_BATCH) {
    return invalid(`Must be a list of at most ${MAX_BATCH} resources, but it is one of ${input.length}.`);
  }
  const values: ResourceInput[] = [];
  const faults: Fault[] = [];
  const firstByPlace = new Map<string, number>();
  for (const [index, item] of input.entries()) {
    const parsed = parseResourceInput(item);
    if (!parsed.ok) {
      faults.push(...underPath(String(index), parsed.faults));
      continue;
    }
    const place = placeOf(parsed.value);
    const first = firstByPlace.get(place);
    if (first !== undefined) faults.push(sameName(index, first));
    else firstByPlace.set(place, index);
    values.push(parsed.value);
  }
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: values };
}

function sameName(index: number, first: number): Fault {
  return {
    path: `${index}.metadata.name`,
    message: `Is the name of another resource of the same kind, at ${first}.`,
  };
}
