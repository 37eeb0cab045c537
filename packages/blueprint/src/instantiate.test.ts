import { formatReference } from '@brainpod/model/reference';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultsOfInput, instantiate } from './instantiate.ts';
import { SAMPLE_BYTES, sampleBlueprint } from './testing/sample-blueprint.ts';

const blueprint = sampleBlueprint();

function made(input: unknown) {
  const result = instantiate(blueprint, input, SAMPLE_BYTES);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.value;
}

function faultsOf(input: unknown) {
  const result = instantiate(blueprint, input, SAMPLE_BYTES);
  return result.ok ? [] : result.faults;
}

describe('instantiate', () => {
  it('puts input, defaults and what is generated into the resources, in their order', () => {
    const resources = made({ name: 'shop', replicas: 2, domains: ['www.example.com'], isLoud: true });
    expect(resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      'Config/shop-page',
      'App/shop',
      'Route/shop',
    ]);
    expect(resources[1]?.spec).toMatchObject({
      image: 'nginx:1.29',
      instance: '1x',
      replicas: 2,
      env: [
        { name: 'GREETING', value: 'Say: Hello!' },
        { name: 'SECRET', value: `key:${'ab'.repeat(16)}` },
        { name: 'LOUD', value: 'loud=true of 2' },
      ],
      mounts: [{ path: '/srv/index.html', config: 'shop-page', file: 'index.html' }],
    });
    expect(resources[2]?.spec).toMatchObject({ domains: ['www.example.com'] });
  });

  it('gives the same for the same', () => {
    expect(JSON.stringify(made({ name: 'a' }))).toBe(JSON.stringify(made({ name: 'a' })));
    expect(made({})).toEqual(made(blueprint.defaults));
  });

  it('keeps hostile texts as they are: they are neither YAML nor templates', { timeout: 60_000 }, () => {
    const hostile = fc.oneof(
      fc.string({ minLength: 1, maxLength: 200, unit: 'binary' }),
      fc.constantFrom(
        '{{ generated.secret }}',
        '\'"\n---\nkind: App\n',
        '"; rm -rf /; "',
        '$(id) `id`',
        formatReference('db', 'password'),
        '&a *a !!js/function',
        '$& $1 $$',
      ),
    );
    fc.assert(
      fc.property(
        hostile.filter((text) => !text.includes('\0')),
        (greeting) => {
          const [config, app] = made({ greeting });
          expect(config?.spec).toEqual({ files: { 'index.html': greeting } });
          expect(app?.spec).toMatchObject({ env: [{ value: `Say: ${greeting}!` }, {}, {}] });
          expect(JSON.stringify(app)).toContain('ab'.repeat(16));
        },
      ),
    );
  });

  it('tells every fault of an input at once', () => {
    const input = {
      name: 'Not A Name',
      greeting: 7,
      instance: '3x',
      replicas: 1.5,
      isLoud: 'yes',
      domains: ['a.example.com', 4],
      colour: 'red',
      __proto__: null,
    };
    expect(
      faultsOf(input)
        .map(({ path }) => path)
        .sort(),
    ).toEqual([
      'input.colour',
      'input.domains[1]',
      'input.greeting',
      'input.instance',
      'input.isLoud',
      'input.name',
      'input.replicas',
    ]);
    expect(faultsOf({ replicas: 11 })[0]?.message).toBe('Must be a whole number from 1 to 10, but it is 11.');
    expect(faultsOf({ colour: 'red' })[0]?.message).toContain('name, greeting, image');
  });

  it.each([[[]], ['text'], [7], [null], [undefined]])('refuses %j as an input', (input) => {
    expect(faultsOf(input).map(({ path }) => path)).toEqual(['input']);
  });

  it('says which input made a resource wrong', () => {
    expect(faultsOf({ image: 'not an image!' }).map(({ path }) => path)).toEqual(['input.image']);
    expect(faultsOf({ domains: ['ok.example.com', 'not a domain'] }).map(({ path }) => path)).toEqual([
      'input.domains[1]',
    ]);
    expect(faultsOf({ instance: '.5x', replicas: 2 })).toEqual([
      { path: 'input.replicas', message: expect.stringContaining('Must be 1') },
    ]);
  });
});

describe('faultsOfInput', () => {
  const of = (path: string) => faultsOfInput(blueprint, [{ path, message: 'm' }]);

  it('names the inputs that stand at the place', () => {
    expect(of('0.metadata.name')).toEqual([{ path: 'input.name', message: 'm' }]);
    expect(of('2.spec.domains[3]')).toEqual([{ path: 'input.domains[3]', message: 'm' }]);
    expect(of('1.spec.env[2].value')).toEqual([
      { path: 'input.isLoud', message: 'm' },
      { path: 'input.replicas', message: 'm' },
    ]);
  });

  it('says the place where no input stands there', () => {
    expect(of('2.spec.rules[0].port')).toEqual([{ path: 'input', message: '2.spec.rules[0].port: m' }]);
  });

  it('tells the same only once', () => {
    const faults = [
      { path: '0.metadata.name', message: 'taken' },
      { path: '1.metadata.name', message: 'taken' },
    ];
    expect(faultsOfInput(blueprint, faults)).toEqual([{ path: 'input.name', message: 'taken' }]);
  });
});
