import { formatReference } from '@brainpod/model/reference';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fillTemplate, inputsAt, placesIn, templateFaults } from './template.ts';

const values = {
  input: { name: 'shop', count: 3, isOn: true, list: ['a', 'b'] },
  generated: { key: 'f00d' },
};
const fill = (template: string) => fillTemplate(template, values);

describe('fillTemplate', () => {
  it.each([
    ['{{ input.count }}', 3],
    ['{{input.isOn}}', true],
    ['{{   input.list   }}', ['a', 'b']],
    ['{{ input.name }}', 'shop'],
    [' {{ input.count }}', ' 3'],
    ['{{ input.name }}-{{ input.count }}-{{ input.isOn }}', 'shop-3-true'],
    ['key:{{ generated.key }}', 'key:f00d'],
    [`\${{{ input.name }}-db.host}`, formatReference('shop-db', 'host')],
    ['', ''],
    ['plain $& $1 { input.name }', 'plain $& $1 { input.name }'],
  ])('%s', (template, expected) => {
    expect(fill(template)).toEqual(expected);
  });

  it('fills texts in lists and objects, and leaves keys and everything else alone', () => {
    const template = { a: ['{{ input.name }}', 1, null, false], b: { '{{': '{{ input.count }}' } };
    expect(fillTemplate(template, values)).toEqual({ a: ['shop', 1, null, false], b: { '{{': 3 } });
  });

  it('never reads a value again, whatever it holds', () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '{{ input.name }}',
        '{{ generated.key }}',
        formatReference('a', 'b'),
        '\'"\n---\nkind: App',
        '$&',
        '}}',
      ),
    );
    fc.assert(
      fc.property(hostile, (name) => {
        const filled = fillTemplate(['{{ input.name }}', 'a{{ input.name }}b'], {
          input: { name },
          generated: {},
        });
        expect(filled).toEqual([name, `a${name}b`]);
      }),
    );
  });

  it('throws for a placeholder without a value', () => {
    expect(() => fill('{{ input.missing }}')).toThrow('input.missing');
    expect(() => fill('{{ input.toString }}')).toThrow('input.toString');
  });
});

describe('templateFaults', () => {
  it('finds placeholders that are none, are not declared, or cannot stand where they do', () => {
    const template = {
      ok: '{{ input.name }} {{ generated.key }} {{ input.count }}',
      undeclared: ['{{ input.nmae }}', '{{ generated.name }}'],
      code: '{{ input.name | upper }}',
      open: '{{ input.name',
      list: 'of {{ input.list }}',
      'k{{ey}}': 1,
    };
    expect(templateFaults(template, values).map(({ path }) => path)).toEqual([
      'undeclared[0]',
      'undeclared[1]',
      'code',
      'open',
      'list',
      '',
    ]);
  });
});

describe('placesIn', () => {
  it('gives every placeholder', () => {
    expect(placesIn({ a: '{{ input.b }}{{ generated.c }}', d: [1, '{{ input.e }}'] })).toEqual([
      { source: 'input', name: 'b' },
      { source: 'generated', name: 'c' },
      { source: 'input', name: 'e' },
    ]);
  });
});

describe('inputsAt', () => {
  const template = {
    metadata: { name: '{{ input.name }}-db' },
    spec: {
      domains: '{{ input.list }}',
      env: [{ name: 'A', value: '{{ input.name }} {{ generated.key }} {{ input.count }}' }],
      files: { 'index.html': '{{ input.page }}' },
      fixed: 1,
    },
  };
  it.each([
    ['metadata.name', ['name']],
    ['spec.domains', ['list']],
    ['spec.domains[1]', ['list[1]']],
    ['spec.env[0].value', ['name', 'count']],
    ['spec.env', ['name', 'count']],
    ['spec.files["index.html"]', ['page']],
    ['spec.fixed', []],
    ['spec.env[0].name', []],
    ['spec.nothing[3].here', []],
    ['', ['name', 'list', 'count', 'page']],
  ])('%s', (path, inputs) => {
    expect(inputsAt(template, path)).toEqual(inputs);
  });
});
