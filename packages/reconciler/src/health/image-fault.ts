import { registryOfImage } from '@brainpod/model/registry-host';
import type { ObservedContainer } from '../observe/workload.ts';
import type { Diagnosis } from './diagnosis.ts';

const PULL_REASONS = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);
// The words of registries and of containerd for the same thing.
const NOT_FOUND = /not found|manifest unknown|name unknown|does not exist|404/i;
const NOT_ALLOWED =
  /unauthorized|authorization failed|denied|forbidden|insufficient_scope|no basic auth|401|403/i;
const WRONG_PLATFORM = /no match for platform|no matching manifest/i;

/**
 * Why a container's image cannot be had; null when that is not what it waits for. Images at `ownRegistry` are those of the
 * App's own pod, which it may fetch.
 */
export function imageFault(app: string, container: ObservedContainer, ownRegistry: string): Diagnosis | null {
  const { state, image } = container;
  if (state.is !== 'waiting' || !PULL_REASONS.has(state.reason)) return null;
  // An image may well be called "not-found" or "denied"; only what is said about it counts.
  const message = state.message.replaceAll(image, '');
  const whose = container.init ? `The image of the init step of ${app}` : `The image of ${app}`;
  if (state.reason === 'InvalidImageName') {
    return { terminal: true, sentence: `${whose} has a name that is no image name: ${image}.` };
  }
  if (WRONG_PLATFORM.test(message)) {
    return {
      terminal: true,
      sentence: `${whose} is not made for this machine's processor: ${image}. Build it for this architecture too.`,
    };
  }
  // Many registries hide what is not public behind "not authorised"; a plain refusal wins over "not found".
  if (NOT_ALLOWED.test(message)) {
    if (image.startsWith(`${ownRegistry}/`)) {
      // A node that has just been told of an instance may not have its credentials yet. It tries again by itself.
      return { terminal: false, sentence: `${whose} was refused by Brainpod's own registry: ${image}.` };
    }
    return {
      terminal: true,
      sentence: `${whose} may not be fetched: the registry refused ${image}. ${howToFetch(image)}`,
    };
  }
  if (NOT_FOUND.test(message)) {
    return {
      terminal: true,
      sentence: `${whose} was not found: ${image}. Check its name and tag, or push it first.`,
    };
  }
  // "Back-off pulling image" alone says nothing; the message before it said more, and the registry may come back.
  return {
    terminal: false,
    sentence: `${whose} could not be fetched: the registry of ${image} did not hand it out.`,
  };
}

/** Refused is what needs credentials, what other credentials may fetch, and what does not exist. */
function howToFetch(image: string): string {
  const registry = registryOfImage(image) ?? 'its registry';
  return `Check its name. If it is not public, this pod needs credentials for ${registry} that may fetch it: set them with \`brainpod registry credentials set\`, and deploy again. Or push the image into this pod's own part of Brainpod's registry.`;
}
