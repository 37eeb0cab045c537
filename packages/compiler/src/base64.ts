/** The base64 of bytes, or of a text's in UTF-8, as the `data` of a Kubernetes Secret holds it. */
export function base64(value: string | Uint8Array): string {
  let binary = '';
  for (const byte of typeof value === 'string' ? new TextEncoder().encode(value) : value)
    binary += String.fromCharCode(byte);
  return btoa(binary);
}
