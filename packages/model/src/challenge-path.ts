/** Where a certificate authority asks a domain for the answer to a token (RFC 8555, 8.3). */
export function challengePath(token: string): string {
  return `/.well-known/acme-challenge/${token}`;
}
