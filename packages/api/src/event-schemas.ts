import Type, { type Static } from 'typebox';
import { Instant, LinkSchema, nullable } from './schema-parts.ts';

// What happened, and what requests amount to. Each exported object schema is a component of the OpenAPI document.

export const EVENT_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

const eventFields = { id: Type.String(), body: Type.String(), timestamp: Instant };

const AppEvent = Type.Object({
  ...eventFields,
  kind: Type.Literal('app'),
  level: Type.Enum(EVENT_LEVELS),
});
const PlatformEvent = Type.Object({ ...eventFields, kind: Type.Literal('platform'), reason: Type.String() });
const HttpAccessEvent = Type.Object({
  ...eventFields,
  kind: Type.Literal('httpAccess'),
  method: Type.String(),
  path: Type.String({ description: 'With the query' }),
  host: Type.String(),
  status: Type.Integer({ description: '0 where there was no answer' }),
  durationMs: Type.Number(),
  protocol: Type.Optional(Type.String()),
  responseFlags: Type.Optional(
    Type.String({
      description: 'Why the edge itself ended or answered it, such as UF; absent where all went well',
    }),
  ),
  bytesSent: Type.Optional(Type.Integer({ description: 'Of the body' })),
  bytesReceived: Type.Optional(Type.Integer({ description: 'Of the body' })),
  upstreamHost: Type.Optional(Type.String({ description: 'Address and port of the instance' })),
  clientIp: Type.Optional(Type.String()),
  userAgent: Type.Optional(Type.String()),
  requestId: Type.Optional(Type.String()),
});

export const Event = Type.Union([AppEvent, PlatformEvent, HttpAccessEvent]);

export const EventList = Type.Object({
  items: Type.Array(Event),
  _links: Type.Object({ self: LinkSchema, next: nullable(LinkSchema) }),
});

const sumFields = {
  requests: Type.Integer(),
  errors: Type.Integer({
    description: 'Answered with 500 or more, or not at all while the client still waited',
  }),
  ratePerSecond: Type.Number(),
  p50Ms: nullable(Type.Number()),
  p95Ms: nullable(Type.Number()),
  p99Ms: nullable(Type.Number()),
};

export const RequestMetrics = Type.Object({
  resource: Type.String(),
  from: Instant,
  to: Instant,
  stepSeconds: Type.Integer(),
  total: Type.Object(sumFields),
  series: Type.Array(
    Type.Object({
      route: Type.String(),
      app: Type.String(),
      revision: Type.Integer({ description: 'The version of the revision; 0 before the first was deployed' }),
      total: Type.Object(sumFields),
      points: Type.Array(Type.Object({ timestamp: Instant, ...sumFields })),
    }),
  ),
  _links: Type.Object({ self: LinkSchema }),
});

export type EventBody = Static<typeof Event>;
export type RequestMetricsBody = Static<typeof RequestMetrics>;
