import { createHash } from 'node:crypto';
import { type PackageFound, purlOf } from './package-found.ts';

export const SPDX_TYPE = 'https://spdx.dev/Document';

const NOT_SAID = 'NOASSERTION';
const IMAGE = 'SPDXRef-Image';

/**
 * An image's bill of materials as SPDX 2.3 has it (https://spdx.github.io/spdx-spec/v2.3/). Nothing is said of licences: what packages say
 * of theirs themselves is often wrong, and a wrong word is worse there than none.
 */
export function spdxDocument(
  image: { name: string; digest: string },
  packages: readonly { path: string; found: PackageFound }[],
  createdAt: Date,
): object {
  const described = packages.map(({ path, found }) => {
    const purl = purlOf(found);
    const { namespace, name, version } = found;
    return {
      SPDXID: `SPDXRef-Package-${createHash('sha256').update(purl).digest('hex').slice(0, 20)}`,
      name: namespace === null ? name : `${namespace}/${name}`,
      versionInfo: version,
      sourceInfo: `found in /${path}`,
      downloadLocation: NOT_SAID,
      filesAnalyzed: false,
      externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
    };
  });
  return {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: image.name,
    documentNamespace: `https://${image.name}@${image.digest}/sbom`,
    creationInfo: {
      // Seconds, as the specification has it.
      created: createdAt.toISOString().replace(/\.\d+Z$/, 'Z'),
      creators: ['Tool: brainpod'],
    },
    packages: [
      {
        SPDXID: IMAGE,
        name: image.name,
        versionInfo: image.digest,
        downloadLocation: NOT_SAID,
        filesAnalyzed: false,
        primaryPackagePurpose: 'CONTAINER',
        checksums: [{ algorithm: 'SHA256', checksumValue: image.digest.replace(/^sha256:/, '') }],
      },
      ...described,
    ],
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: IMAGE },
      ...described.map(({ SPDXID }) => ({
        spdxElementId: IMAGE,
        relationshipType: 'CONTAINS',
        relatedSpdxElement: SPDXID,
      })),
    ],
  };
}
