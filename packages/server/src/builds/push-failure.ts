/** Why an image that was built is not in the registry, for who had it built. `reason`: what the builder says of it. */
export function pushFailure(reason: string): string {
  // The registry's own words (storage-fault.ts) come back through the builder.
  return /disk of the registry is full/.test(reason)
    ? 'The image was built, but the registry of the platform has no room left for it. Nothing is wrong with what you sent: whoever operates the platform has to make room. Then build again.'
    : `The image was built, but could not be pushed.\n${reason}`;
}
