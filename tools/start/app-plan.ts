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
  const named = new Set(imagesIn(dockerfile));
  return BASE_IMAGES.filter((name) => named.has(name));
}

/** Those of which we make others: a version that cannot be had here, and those that can. Docker Hub has them. */
export function otherVersionsIn(dockerfile: string): { wanted: string; made: string[] }[] {
  const wanted = [...new Set(imagesIn(dockerfile))].filter(
    (name) => !BASE_IMAGES.some((made) => made === name),
  );
  return wanted.flatMap((name) => {
    const made = BASE_IMAGES.filter((each) => each.split(':')[0] === name.split(':')[0]);
    return made.length === 0 ? [] : [{ wanted: name, made }];
  });
}

function imagesIn(dockerfile: string): string[] {
  const named = [...dockerfile.matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)/gim)].map((match) => match[1] ?? '');
  return named.map((name) => name.replace(/^(docker\.io\/)?(library\/)?/, ''));
}
