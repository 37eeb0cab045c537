import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';

type PublicJwk = { crv: string; kty: string; x: string; y: string };

/** The key of an ACME account: ECDSA with P-256 (RFC 7518, 3.4: ES256), which every authority takes. */
export class AccountKey {
  readonly #key: KeyObject;
  readonly #jwk: PublicJwk;

  constructor(pem: string) {
    this.#key = createPrivateKey(pem);
    const { crv, kty, x, y } = createPublicKey(this.#key).export({ format: 'jwk' });
    if (crv !== 'P-256' || kty !== 'EC' || x === undefined || y === undefined) {
      throw new Error('the key of an ACME account is not one for ES256');
    }
    this.#jwk = { crv, kty, x, y };
  }

  /** A new key, PEM. */
  static generate(): string {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    return privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  }

  /** What the edge is to answer for a challenge's token (RFC 8555, 8.1), with the key's thumbprint (RFC 7638). */
  authorize(token: string): string {
    const { crv, kty, x, y } = this.#jwk;
    // The members in the order of their names, as the thumbprint asks for.
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    return `${token}.${thumbprint}`;
  }

  /** A request as it is sent (RFC 8555, 6.2). Before the authority has a name for the account, the key stands in for it. */
  sign(request: { url: string; nonce: string; accountUrl: string | null; payload: string }): string {
    const { url, nonce, accountUrl } = request;
    const who = accountUrl === null ? { jwk: this.#jwk } : { kid: accountUrl };
    const header = base64url(JSON.stringify({ alg: 'ES256', nonce, url, ...who }));
    const payload = base64url(request.payload);
    const signature = sign('sha256', Buffer.from(`${header}.${payload}`), {
      key: this.#key,
      dsaEncoding: 'ieee-p1363',
    });
    return JSON.stringify({ protected: header, payload, signature: signature.toString('base64url') });
  }
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}
