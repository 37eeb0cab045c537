import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What is asked of BuildKit, and how. `ref` is its name of the build. */
export type ProvenanceQuery = {
  buildctl: string;
  buildkitAddress: string;
  ref: string;
  environment: Record<string, string | undefined>;
  signal: AbortSignal;
};

/** What the platform knows of a build and BuildKit does not. */
export type BuildOrigin = {
  /** The URI of who builds. */
  builder: string;
  /** The build's id. */
  build: string;
  /** The digest of the list of files that was built. */
  source: string;
};

/** As in-toto has it: what is said of an image, as JSON in UTF-8, and which kind of thing that is. */
export type ImageStatement = { predicateType: string; predicateJson: Uint8Array };

export const PROVENANCE_TYPE = 'https://slsa.dev/provenance/v1';

const TIMEOUT_MS = 20_000;
const MOST_BYTES = 16 * 1024 * 1024;
/** Of what the Dockerfile was read with. Arguments of a build may be anything, and are not told. */
const TOLD_ARGUMENTS = ['filename', 'target'];

/**
 * Where an image comes from, by BuildKit's own records of the build; null where it has none. Rejects where BuildKit does not answer.
 */
export async function readProvenance(
  query: ProvenanceQuery,
  origin: BuildOrigin,
): Promise<ImageStatement | null> {
  const digest = provenanceDigest(await ask(query, ['histories', '--format', '{{json .}}']), query.ref);
  if (digest === null) return null;
  const predicate: unknown = JSON.parse(await ask(query, ['get', digest]));
  const predicateJson = Buffer.from(JSON.stringify(provenanceOf(predicate, origin)));
  return { predicateType: PROVENANCE_TYPE, predicateJson };
}

/**
 * The part of BuildKit's record that is for everybody who may pull the image: what was built by whom and when, and of which images. Its
 * steps, the Dockerfile, arguments and the load of the machine stay where they are.
 */
export function provenanceOf(record: unknown, { builder, build, source }: BuildOrigin): object {
  const definition = fieldsOf(record, 'buildDefinition');
  const request = fieldsOf(definition.externalParameters, 'request');
  const internal = fieldsOf(definition, 'internalParameters');
  const metadata = fieldsOf(fieldsOf(record, 'runDetails'), 'metadata');
  const { resolvedDependencies } = definition;
  return {
    buildDefinition: {
      buildType: definition.buildType,
      externalParameters: { request: { frontend: request.frontend, args: toldOf(request.args) } },
      internalParameters: picked(internal, ['builderPlatform', 'targetPlatform', 'dockerfileVersion']),
      resolvedDependencies: [
        { name: 'source', digest: { sha256: source.replace(/^sha256:/, '') } },
        ...(Array.isArray(resolvedDependencies) ? resolvedDependencies : []).map(withoutCredentials),
      ],
    },
    runDetails: {
      builder: { id: builder },
      metadata: { invocationId: build, ...picked(metadata, ['startedOn', 'finishedOn']) },
    },
  };
}

/** Who may pull the image is not who may read what a Dockerfile's ADD names: an address may hold a token. */
function withoutCredentials(dependency: unknown): unknown {
  const { uri } = fieldsOf({ dependency }, 'dependency');
  if (typeof uri !== 'string') return dependency;
  // Of a package's URL, what follows "?" is a part of its name.
  const told = uri.startsWith('pkg:') ? uri : uri.replace(/\?[^#]*/, '');
  return { ...Object(dependency), uri: told.replace(/^([a-z+]+:\/\/)[^/?#]*@/i, '$1') };
}

function toldOf(args: unknown): Record<string, unknown> {
  return picked(fieldsOf({ args }, 'args'), TOLD_ARGUMENTS);
}

/** Null where there is no such record, or nothing is said in it. */
function provenanceDigest(histories: string, ref: string): string | null {
  for (const line of histories.split('\n').filter((text) => text !== '')) {
    const record = fieldsOf(JSON.parse(line), 'record');
    if (record.Ref !== ref) continue;
    const { Attestations: attestations } = fieldsOf(record, 'Result');
    for (const attestation of Array.isArray(attestations) ? attestations : []) {
      const annotations = fieldsOf(attestation, 'annotations');
      const { digest } = fieldsOf({ attestation }, 'attestation');
      if (annotations['in-toto.io/predicate-type'] === PROVENANCE_TYPE && typeof digest === 'string')
        return digest;
    }
  }
  return null;
}

async function ask(
  { buildctl, buildkitAddress, environment, signal }: ProvenanceQuery,
  args: string[],
): Promise<string> {
  const options = { env: environment, signal, timeout: TIMEOUT_MS, maxBuffer: MOST_BYTES };
  const { stdout } = await promisify(execFile)(
    buildctl,
    [`--addr=${buildkitAddress}`, 'debug', ...args],
    options,
  );
  return stdout;
}

function picked(fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.flatMap((name) => (name in fields ? [[name, fields[name]]] : [])));
}

/** The fields of an object's member; none where it is no object. */
function fieldsOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {};
  const member: unknown = Reflect.get(value, name);
  return typeof member === 'object' && member !== null ? Object.fromEntries(Object.entries(member)) : {};
}
