import { describe, expect, it } from 'vitest';
import { parseBlueprint } from './parse-blueprint.ts';
import { SAMPLE_FILES, sampleBlueprint } from './testing/sample-blueprint.ts';

/** The paths of the faults after a text in one of the files was replaced. */
function pathsAfter(file: 'manifest' | 'resources' | 'readme', from: string | RegExp, to: string): string[] {
  const changed = SAMPLE_FILES[file].replace(from, () => to);
  expect(changed).not.toBe(SAMPLE_FILES[file]);
  const parsed = parseBlueprint({ ...SAMPLE_FILES, [file]: changed });
  return parsed.ok ? [] : parsed.faults.map(({ path }) => path);
}

describe('parseBlueprint', () => {
  it('gives all that the files say', () => {
    const { inputSchema, templates, ...rest } = sampleBlueprint();
    expect(rest).toEqual({
      id: 'sample',
      name: 'Sample',
      category: 'software',
      tagline: 'A page with a secret',
      description: 'A Config, an App and a Route.',
      tags: ['page'],
      version: '1',
      body: SAMPLE_FILES.readme,
      defaults: {
        name: 'sample',
        greeting: 'Hello',
        image: 'nginx:1.29',
        instance: '1x',
        replicas: 1,
        isLoud: false,
        domains: [],
      },
      generate: { secret: { bytes: 16, format: 'hex' } },
    });
    expect(inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(inputSchema.properties.replicas).toEqual({
      type: 'integer',
      title: 'Instances',
      description: 'a whole number from 1 to 10',
      minimum: 1,
      maximum: 10,
      examples: [2],
    });
    expect(templates).toHaveLength(3);
  });

  it.each([
    ['another id than its folder', 'id: sample', 'id: other', ['blueprint.id']],
    ['a missing field', 'tagline: A page with a secret\n', '', ['blueprint.tagline']],
    ['a category that is none', 'category: software', 'category: hardware', ['blueprint.category']],
    ['a field that is none', 'tags: [page]', 'tags: [page]\ncolor: red', ['blueprint.color']],
    ['a default that does not fit', 'replicas: 1\n', 'replicas: 11\n', ['blueprint.defaults.replicas']],
    ['a missing default', '  greeting: Hello\n', '', ['blueprint.defaults.greeting']],
    ['a default for no input', 'isLoud: false', 'isLoud: false\n  b: 1', ['blueprint.defaults.b']],
    [
      'an example that does not fit',
      'examples: [2]',
      'examples: [0]',
      ['blueprint.inputSchema.properties.replicas.examples[0]'],
    ],
    ['no example', 'examples: [2]', 'examples: []', ['blueprint.inputSchema.properties.replicas.examples']],
    [
      'an input without a title',
      '      title: Instances\n',
      '',
      ['blueprint.inputSchema.properties.replicas.title'],
    ],
    [
      'a pattern that is none',
      "pattern: '^[a-z]",
      "pattern: '(^[a-z]",
      ['blueprint.inputSchema.properties.name.pattern'],
    ],
    [
      'a keyword it does not know',
      'maximum: 10',
      'maximum: 10\n      multipleOf: 2',
      ['blueprint.inputSchema.properties.replicas.multipleOf'],
    ],
    ['too few random bytes', 'bytes: 16', 'bytes: 4', ['blueprint.generate.secret.bytes']],
    ['broken YAML', 'tags: [page]', 'tags: [page', ['blueprint']],
    ['two documents', 'name: Sample', 'name: Sample\n---\nid: sample', ['blueprint']],
  ])('refuses %s', (_what, from, to, paths) => {
    expect(pathsAfter('manifest', from, to)).toEqual(paths);
  });

  it.each([
    [
      'a placeholder without a declaration',
      'input.image',
      'input.img',
      ['resources[1].spec.image', 'blueprint.inputSchema.properties.image'],
    ],
    [
      'something generated that no resource uses',
      'generated.secret',
      'input.name',
      ['blueprint.generate.secret'],
    ],
    ['a placeholder outside quotes', "'{{ input.image }}'", '{{ input.image }}', ['resources[1].spec.image']],
    [
      'a resource that is wrong with the defaults',
      'port: 8080',
      'port: 0',
      ['resources.2.spec.rules[0].port'],
    ],
    ['a resource of no kind', 'kind: Config', 'kind: Volume', ['resources.0.kind']],
    ['no resources', /.*/s, '# nothing', ['resources']],
  ])('refuses %s', (_what, from, to, paths) => {
    expect(pathsAfter('resources', from, to)).toEqual(paths);
  });

  it('refuses an empty readme', () => {
    expect(pathsAfter('readme', /.*/s, ' \n')).toEqual(['readme']);
  });

  it('tells the faults of all files at once', () => {
    const parsed = parseBlueprint({ id: 'x', manifest: 'id: x', resources: 'a: [', readme: '' });
    const roots = parsed.ok ? [] : parsed.faults.map(({ path }) => path.split('.')[0]);
    expect([...new Set(roots)]).toEqual(['blueprint', 'resources', 'readme']);
  });

  it('wants an input called name, a text', () => {
    const manifest = SAMPLE_FILES.manifest
      .replace('    name:\n', '    title:\n')
      .replace('  name: sample', '  title: a');
    const parsed = parseBlueprint({ ...SAMPLE_FILES, manifest });
    expect(parsed.ok ? [] : parsed.faults.map(({ path }) => path)).toContain(
      'blueprint.inputSchema.properties.name',
    );
  });
});
