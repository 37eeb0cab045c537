import { type Fault, type Parsed, valid } from './fault.ts';

export type ImageReference = { registry?: string; repository: string; tag?: string; digest?: string };

const COMPONENT = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/;
const HOST_LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const PORT = /^[0-9]{1,5}$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[a-z0-9]+$/;
const MAX_HOST_CHARACTERS = 253;

/**
 * Reads `[registry[:port]/]path[:tag][@sha256:…]`. The part before the first slash is a registry if
 * it has a dot or a port, has a capital, or is `localhost`; else it is the path's first component, so `library/nginx` means the
 * default registry, as every container tool reads it.
 */
export function parseImageReference(text: string): Parsed<ImageReference> {
  const faults: Fault[] = [];
  const complain = (message: string) => faults.push({ path: '', message });
  const [named, digest] = cut(text, text.indexOf('@'));
  if (digest !== undefined && !DIGEST.test(digest)) {
    complain('What follows "@" must be a digest: sha256: and then its lowercase letters and digits.');
  }
  const slash = named.indexOf('/');
  const head = slash < 0 ? undefined : named.slice(0, slash);
  const registry = head !== undefined && looksLikeRegistry(head) ? head : undefined;
  if (registry !== undefined && !isRegistry(registry)) {
    complain(
      'What comes before the first "/" must be the name of a registry, such as registry.example.com:5000.',
    );
  }
  const path = registry === undefined ? named : named.slice(slash + 1);
  const [repository, tag] = cut(path, path.indexOf(':'));
  if (tag !== undefined && !TAG.test(tag)) {
    complain(
      'The tag after ":" must be 1 to 128 letters, digits, "_", "." or "-", and not start with "." or "-".',
    );
  }
  if (!repository.split('/').every((component) => COMPONENT.test(component))) {
    complain(
      'The image name must be lowercase letters, digits, ".", "_" and "-", in parts divided by "/", each starting and ending with a letter or digit.',
    );
  }
  if (faults.length > 0) return { ok: false, faults };
  return valid({
    ...(registry === undefined ? {} : { registry }),
    repository,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  });
}

/** Writes a reference as the text that parses to it. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  const prefix = registry === undefined ? '' : `${registry}/`;
  return `${prefix}${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function cut(text: string, at: number): [string, string | undefined] {
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** Whether an image's name that begins with this and a slash names a registry by it. */
export function looksLikeRegistry(head: string): boolean {
  return head === 'localhost' || head.includes('.') || head.includes(':') || head !== head.toLowerCase();
}

/** Whether it can be a registry's host, with its port where it has one. */
export function isRegistry(text: string): boolean {
  const [host, port] = cut(text, text.indexOf(':'));
  if (port !== undefined && !PORT.test(port)) return false;
  return host.length <= MAX_HOST_CHARACTERS && host.split('.').every((label) => HOST_LABEL.test(label));
}
