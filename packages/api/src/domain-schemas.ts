import { CERTIFICATE_ISSUERS, DOMAIN_STATES } from '@brainpod/model/domain-state';
import Type, { type Static } from 'typebox';
import { Instant, LinkSchema, nullable } from './schema-parts.ts';

// The shapes of own domains.

const DnsRecord = Type.Object({
  type: Type.Enum(['CNAME', 'TXT']),
  name: Type.String(),
  value: Type.String(),
});

export const Domain = Type.Object({
  domain: Type.String(),
  route: Type.String({ description: 'The URN of the Route that names it' }),
  state: Type.Enum(DOMAIN_STATES),
  reason: Type.Union([Type.String(), Type.Null()], {
    description: 'What is in the way and what to do; null when nothing is',
  }),
  verifiedAt: Type.Union([Instant, Type.Null()], {
    description:
      'Since when this pod holds the domain, so that no other can have it; null while nothing is proven',
  }),
  records: Type.Object(
    { cname: DnsRecord, txt: DnsRecord },
    {
      description:
        'One of them proves the control of the domain. Where there can be no CNAME, at the top of a zone, the TXT record does, beside A or ALIAS records that lead to the platform',
    },
  ),
  certificate: Type.Union(
    [
      Type.Object({
        issuer: Type.Enum(CERTIFICATE_ISSUERS),
        notBefore: Instant,
        notAfter: Instant,
      }),
      Type.Null(),
    ],
    {
      description: 'What is served; of the issuer `local` visitors believe nothing, and `own` was set by you',
    },
  ),
  nextAttemptAt: nullable(Instant),
  _links: Type.Object({ pod: LinkSchema, domains: LinkSchema, check: LinkSchema, certificate: LinkSchema }),
});

export type DomainBody = Static<typeof Domain>;

export const CertificateInput = Type.Object(
  {
    certificate: Type.String({
      minLength: 1,
      maxLength: 50_000,
      description: 'PEM: the certificate of the domain first, then those that lead to its authority',
    }),
    key: Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'the private key as PEM, without a passphrase. It is encrypted, and shown to nobody again',
    }),
  },
  { additionalProperties: false },
);
