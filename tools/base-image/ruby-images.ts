import type { ImageRecipe } from './base-images.ts';
import type { RecipeParts } from './blueprint-images.ts';

/** Where the official image has gems. */
const GEMS = '/usr/local/bundle';

/** Ruby by the name of the official image. */
export function rubyImages({ system, folders }: Pick<RecipeParts, 'system' | 'folders'>) {
  const packages = ['bundler', 'ruby'];
  const hooks = [`install -d -m 1777 "$1${GEMS}"`];
  const ruby: ImageRecipe = {
    layers: [system('ruby', { suite: 'trixie', packages, hooks })],
    env: [
      `PATH=${GEMS}/bin:${folders}`,
      ...['LANG=C.UTF-8', `GEM_HOME=${GEMS}`, `BUNDLE_APP_CONFIG=${GEMS}`, 'BUNDLE_SILENCE_ROOT_WARNING=1'],
    ],
    cmd: ['irb'],
    contents: 'Ruby 3.3 of Debian trixie',
  };
  return { 'ruby:3.3-slim-trixie': ruby };
}
