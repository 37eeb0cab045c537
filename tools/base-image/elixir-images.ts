import type { ImageRecipe } from './base-images.ts';
import type { RecipeParts } from './blueprint-images.ts';

/** Elixir by the name of the official image. */
export function elixirImages({ system, folders }: Pick<RecipeParts, 'system' | 'folders'>) {
  const elixir: ImageRecipe = {
    layers: [system('elixir', { suite: 'trixie', packages: ['elixir', 'erlang-dev'], hooks: [] })],
    env: [`PATH=${folders}`, 'LANG=C.UTF-8'],
    cmd: ['iex'],
    contents: 'Elixir 1.18 on Erlang 27, both of Debian trixie',
  };
  return { 'elixir:1.18-slim': elixir };
}
