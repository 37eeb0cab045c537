import { type Fault, invalid, joinPath, type Parsed, underPath, valid } from '@brainpod/model/fault';
import { validatorOf } from '@brainpod/model/validate';
import Type from 'typebox';
import type { Blueprint } from './blueprint.ts';
import { parseYaml } from './blueprint-yaml.ts';
import { exampleFaults, type InputSchema, InputSchemaSchema, parseInput } from './input-schema.ts';
import { makeResources } from './instantiate.ts';
import type { JsonValue } from './json-value.ts';
import { placesIn, templateFaults } from './template.ts';

/** The three files of a blueprint as texts, and its id: the name of their folder. */
export type BlueprintFiles = { id: string; manifest: string; resources: string; readme: string };

const Word = Type.String({
  pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
  maxLength: 63,
  description: 'lowercase-words',
});
const line = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\n]*$' });

const Manifest = Type.Object(
  {
    id: Word,
    name: line(60),
    category: Type.Enum(['software', 'framework']),
    tagline: line(100),
    description: line(600),
    tags: Type.Array(Word, { minItems: 1 }),
    version: line(30),
    defaults: Type.Record(Type.String(), Type.Unknown()),
    inputSchema: InputSchemaSchema,
    generate: Type.Optional(
      Type.Record(
        Type.String({ pattern: '^[a-z][A-Za-z0-9]*$' }),
        Type.Object(
          { bytes: Type.Integer({ minimum: 16, maximum: 1024 }), format: Type.Enum(['base64', 'hex']) },
          { additionalProperties: false },
        ),
        { default: {} },
      ),
    ),
  },
  { additionalProperties: false },
);
const parseManifestValue = validatorOf(Manifest);

type ManifestFields = Omit<Blueprint, 'body' | 'templates'>;

/**
 * Reads a blueprint. All faults at once; their paths begin with `blueprint`, `resources` or `readme`. What comes out
 * can be installed with an empty input.
 */
export function parseBlueprint(files: BlueprintFiles): Parsed<Blueprint> {
  const manifest = parseManifest(files);
  const templates = parseTemplates(files.resources);
  const body = files.readme.trim() === '' ? invalid<string>('Is empty.', 'readme') : valid(files.readme);
  if (!manifest.ok || !templates.ok || !body.ok) {
    return { ok: false, faults: [manifest, templates, body].flatMap((part) => (part.ok ? [] : part.faults)) };
  }
  const blueprint = { ...manifest.value, body: body.value, templates: templates.value };
  const faults = placeholderFaults(blueprint);
  if (faults.length > 0) return { ok: false, faults };
  const made = makeResources(blueprint, blueprint.defaults, zeros(blueprint));
  return made.ok ? valid(blueprint) : { ok: false, faults: underPath('resources', made.faults) };
}

function parseManifest({ id, manifest }: BlueprintFiles): Parsed<ManifestFields> {
  const prefixed = (faults: readonly Fault[]) => ({
    ok: false as const,
    faults: underPath('blueprint', faults),
  });
  const yaml = parseYaml(manifest);
  if (!yaml.ok) return prefixed(yaml.faults);
  const parsed = parseManifestValue(yaml.value.length === 1 ? yaml.value[0] : undefined);
  if (!parsed.ok) return prefixed(parsed.faults);
  const { defaults, inputSchema, generate = {}, ...rest } = parsed.value;
  const faults = [
    ...(rest.id === id ? [] : [{ path: 'id', message: `Must be the name of its folder, ${id}.` }]),
    ...underPath('inputSchema', exampleFaults(inputSchema)),
    ...nameFaults(inputSchema),
  ];
  const inputs = parseInput({ inputSchema, defaults: {} }, defaults);
  if (!inputs.ok) faults.push(...underPath('defaults', inputs.faults));
  if (faults.length > 0 || !inputs.ok) return prefixed(faults);
  return valid({ ...rest, defaults: inputs.value, inputSchema, generate });
}

/** Everybody can install a blueprint twice in a pod: the names of what it makes begin with one that they choose. */
function nameFaults({ properties }: InputSchema): Fault[] {
  const name = Object.hasOwn(properties, 'name') ? properties.name : undefined;
  if (name?.type === 'string') return [];
  const message = 'Must be there, of type "string": the names of all resources begin with it.';
  return [{ path: 'inputSchema.properties.name', message }];
}

function parseTemplates(resources: string): Parsed<JsonValue[]> {
  const yaml = parseYaml(resources);
  if (!yaml.ok) return { ok: false, faults: underPath('resources', yaml.faults) };
  return yaml.value.length > 0 ? yaml : invalid('Holds no resources.', 'resources');
}

/** Placeholders without a declaration, and declarations without a placeholder. */
function placeholderFaults(blueprint: Blueprint): Fault[] {
  const { defaults, generate } = blueprint;
  // What is generated is a text wherever it stands.
  const generated = Object.fromEntries(Object.keys(generate).map((name) => [name, '']));
  const used = new Set(placesIn(blueprint.templates).map(({ source, name }) => `${source}.${name}`));
  const unused = (path: string, name: string): Fault => ({
    path: joinPath(path, name),
    message: 'Is used by no resource.',
  });
  return [
    ...underPath('resources', templateFaults(blueprint.templates, { input: defaults, generated })),
    ...Object.keys(defaults)
      .filter((name) => !used.has(`input.${name}`))
      .map((name) => unused('blueprint.inputSchema.properties', name)),
    ...Object.keys(generate)
      .filter((name) => !used.has(`generated.${name}`))
      .map((name) => unused('blueprint.generate', name)),
  ];
}

/** Bytes that stand for the random ones where only the shape matters. */
function zeros({ generate }: Blueprint): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(generate).map(([name, { bytes }]) => [name, new Uint8Array(bytes)]),
  );
}
