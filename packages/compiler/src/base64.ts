/** The base64 of a text's UTF-8 bytes, as the `data` of a Kubernetes Secret holds it. */
export function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}
