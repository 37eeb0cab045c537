import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { BASE_IMAGES, recipeOf } from './base-images.ts';

const BLUEPRINTS = path.resolve(import.meta.dirname, '../../blueprints');
/** Somebody else's, of which no package holds the source: it gives way to an image of the person's own. */
const PLACEHOLDER = 'gcr.io/google-samples/hello-app:1.0';

/** Every image that a blueprint names, in its resources or as a default. */
function imagesOfBlueprints(): string[] {
  const texts = readdirSync(BLUEPRINTS).flatMap((id) =>
    ['blueprint.yaml', 'resources.yaml'].map((file) => readFileSync(path.join(BLUEPRINTS, id, file), 'utf8')),
  );
  const named = texts.flatMap((text) => [...text.matchAll(/^ +image: "?([^"\s{]+)"?$/gm)]);
  return [...new Set(named.map(([, image = '']) => image))];
}

describe('the images that blueprints name', () => {
  it('are made under these very names, all but the placeholder', () => {
    const named = imagesOfBlueprints();
    expect(named).toContain(PLACEHOLDER);
    expect(BASE_IMAGES).toEqual(expect.arrayContaining(named.filter((image) => image !== PLACEHOLDER)));
  });

  it('say what they really are, and start as nobody who is root', () => {
    const made = imagesOfBlueprints().flatMap((image) => BASE_IMAGES.filter((name) => name === image));
    expect(made).toHaveLength(3);
    for (const name of made) {
      const { contents, user } = recipeOf(name);
      expect([name, contents, user]).toEqual([
        name,
        expect.stringMatching(/\d.*Debian trixie$/),
        expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
      ]);
    }
  });
});
