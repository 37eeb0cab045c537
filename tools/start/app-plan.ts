import path from 'node:path';
import { appNameFor } from 'brainpod/flows/plan-documents';
import { BASE_IMAGES, type BaseImage } from '../base-image/base-images.ts';

/** The folder that is built when the person names none. */
const EXAMPLE = path.join('examples', 'hello-node');

/** What is to run: a folder that is built, or an image as it is. `displayName` is what its pod is called. */
export type AppPlan =
  | { kind: 'folder'; directory: string; displayName: string }
  | { kind: 'image'; image: string; name: string; displayName: string; port: number };

const FALLBACK_PORT = 8080;

/** The app that the flags ask for; null for the platform alone. */
export function planApp(
  options: { app: string | null; image: string | null; port: number | null; platformOnly: boolean },
  root: string,
): AppPlan | null {
  if (options.platformOnly) return null;
  if (options.image !== null) {
    const name = appNameFor(options.image.split('@')[0]?.split('/').at(-1)?.split(':')[0] ?? 'app');
    return {
      kind: 'image',
      image: options.image,
      name,
      displayName: name,
      port: options.port ?? FALLBACK_PORT,
    };
  }
  if (options.app !== null) {
    return { kind: 'folder', directory: options.app, displayName: appNameFor(options.app) };
  }
  return { kind: 'folder', directory: path.join(root, EXAMPLE), displayName: 'hello' };
}

/** The images that we make ourselves among those that a Dockerfile begins with. */
export function baseImagesIn(dockerfile: string): BaseImage[] {
  const named = [...dockerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)/gim)].map((match) => match[1] ?? '');
  const short = new Set(named.map((name) => name.replace(/^(docker\.io\/)?(library\/)?/, '')));
  return BASE_IMAGES.filter((name) => short.has(name));
}
