import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CompiledPod,
  compilePod,
  type Platform,
  type PodContext,
  type Step,
} from '@brainpod/compiler/compile';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { parseResourceDocument, type ResourceDocument } from '@brainpod/model/document';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { parse, stringify } from 'yaml';

const PLATFORM_PREFIX = 'platform-';
const DIR = join(import.meta.dirname, '../testdata');

/** The platform that a case compiles for, where it says nothing else. */
export const PLATFORM: Platform = {
  domain: 'brainpod.localhost',
  registryHost: 'registry.brainpod.localhost',
  gateway: { namespace: 'brainpod-system', name: 'brainpod', httpListener: 'http', httpsListener: 'https' },
  gatewayClass: 'brainpod',
  sizes: INSTANCE_SIZES,
  envoyGateway: true,
  listenerSets: true,
  certificate: { certPem: 'certificate', keyPem: 'key' },
  drainSeconds: 5,
};

/** The pod that a case compiles for, where it says nothing else. */
export const POD: PodContext = {
  name: 'green-hill',
  pullSecret: { dockerConfigJson: '{"auths":{}}' },
  ...UNTOUCHED,
};

/** A folder of testdata: what goes in, which steps its output.yaml shows, and where that file is. */
export type GoldenCase = {
  name: string;
  outputFile: string;
  documents: ResourceDocument[];
  pod: PodContext;
  platform: Platform;
  show: Step[];
};

/** A folder of testdata whose output is what a cluster holds once. */
export type PlatformCase = { name: string; outputFile: string; platform: Platform };

type InputFile = {
  pod?: string;
  context?: Partial<Omit<PodContext, 'name'>>;
  platform?: Partial<Platform>;
  show: Step[];
  documents: unknown[];
};

export function goldenCases(): GoldenCase[] {
  return caseNames((name) => !name.startsWith(PLATFORM_PREFIX)).map(readCase);
}

export function platformCases(): PlatformCase[] {
  return caseNames((name) => name.startsWith(PLATFORM_PREFIX)).map((name) => ({
    name,
    outputFile: join(DIR, name, 'output.yaml'),
    platform: { ...PLATFORM, ...readInput(name).platform },
  }));
}

function caseNames(wanted: (name: string) => boolean): string[] {
  return readdirSync(DIR).filter(wanted).sort();
}

export function compileCase({ documents, pod, platform }: GoldenCase): CompiledPod {
  return compilePod(documents, pod, platform);
}

/** What output.yaml holds: the objects of the shown steps, each under its step and resource, or the diagnostics. */
export function render({ objects, diagnostics }: CompiledPod, show: readonly Step[]): string {
  if (diagnostics.length > 0) return toYaml({ diagnostics });
  return objects
    .filter(({ step }) => show.includes(step))
    .map(({ step, resource, object }) => {
      const made = resource === null ? '' : `, of ${resource.kind} ${resource.name}`;
      return `# ${step}${made}\n${toYaml(object)}`;
    })
    .join('---\n');
}

export function toYaml(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}

function readCase(name: string): GoldenCase {
  const input = readInput(name);
  return {
    name,
    outputFile: join(DIR, name, 'output.yaml'),
    documents: input.documents.map((document) => parseDocument(document, name)),
    pod: { ...POD, name: input.pod ?? POD.name, ...input.context },
    platform: { ...PLATFORM, ...input.platform },
    show: input.show,
  };
}

function readInput(name: string): InputFile {
  // The parse boundary of the test data; its documents go through the model's own parser.
  return parse(readFileSync(join(DIR, name, 'input.yaml'), 'utf8')) as InputFile;
}

function parseDocument(input: unknown, name: string): ResourceDocument {
  const parsed = parseResourceDocument(input);
  if (parsed.ok) return parsed.value;
  throw new Error(`${name}: ${JSON.stringify(parsed.faults)}`);
}
