import { type ImageLocation, readFromRegistry } from './image-config.ts';
import { fieldsOf } from './json-fields.ts';

const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const PREDICATE = 'in-toto.io/predicate-type';

/**
 * What is said of an image in the registry, as an in-toto statement; null where nothing of the kind is. `reference` of the image is its
 * digest. Throws where the registry does not answer as it should.
 */
export async function readImageStatement(image: ImageLocation, predicateType: string): Promise<unknown> {
  const query = new URLSearchParams({ artifactType: STATEMENT_TYPE });
  const index = fieldsOf(await readFromRegistry(image, `referrers/${image.reference}?${query}`, '*/*'));
  for (const entry of listOf(index.get('manifests'))) {
    const digest = fieldsOf(entry).get('digest');
    if (typeof digest !== 'string' || kindOf(entry) !== predicateType) continue;
    const manifest = fieldsOf(await readFromRegistry(image, `manifests/${digest}`, MANIFEST_TYPE));
    const layer = listOf(manifest.get('layers')).find((each) => kindOf(each) === predicateType);
    const blob = fieldsOf(layer).get('digest');
    if (typeof blob === 'string') return await readFromRegistry(image, `blobs/${blob}`, '*/*');
  }
  return null;
}

function kindOf(descriptor: unknown): unknown {
  return fieldsOf(fieldsOf(descriptor).get('annotations')).get(PREDICATE);
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
