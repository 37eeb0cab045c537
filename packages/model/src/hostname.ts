import { sha256Hex } from './sha256.ts';

const MAX_LABEL_CHARACTERS = 63;
const HASH_CHARACTERS = 8;

/**
 * The host names a platform offers for a Route, to be tried in order: `<route>-<pod>.<domain>`, and,
 * because route `a-b` of pod `c` and route `a` of pod `b-c` would share it, one with a hash of the two
 * names that is told apart from both. A first label that would be too long is cut and gets the hash at once.
 */
export function platformHostnames(routeName: string, podName: string, domain: string): string[] {
  const plain = `${routeName}-${podName}`;
  const hashed = `${hashedLabel(plain, `${routeName}/${podName}`)}.${domain}`;
  return plain.length > MAX_LABEL_CHARACTERS ? [hashed] : [`${plain}.${domain}`, hashed];
}

function hashedLabel(plain: string, identity: string): string {
  const hash = sha256Hex(identity).slice(0, HASH_CHARACTERS);
  const room = MAX_LABEL_CHARACTERS - HASH_CHARACTERS - 1;
  return `${plain.slice(0, room).replace(/-+$/, '')}-${hash}`;
}
