import type { TObject, TSchema } from 'typebox';
import type { AccountAccess, OperatorAccess, PodAccess } from './authorization.ts';
import type { ServerSentEvent } from './event-stream.ts';
import type { BodySpec } from './input.ts';

export type Tag =
  | 'users'
  | 'keys'
  | 'pods'
  | 'blueprints'
  | 'clusters'
  | 'revisions'
  | 'resources'
  | 'domains'
  | 'events'
  | 'images'
  | 'builds'
  | 'audit'
  | 'operator'
  | 'schema';
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** `isStream`: the schema is that of each event's data. */
export type ResponseSpec = {
  description: string;
  schema: TSchema;
  headers?: Record<string, string>;
  isStream?: true;
};

/** What a handler answers: a body, or events as they happen (Server-Sent Events). */
export type Reply = BodyReply | { events: AsyncIterable<ServerSentEvent> };
export type BodyReply = { status: number; body: unknown; headers?: Record<string, string> };

/** Who may call an operation. */
export type Access =
  | { scope: 'public' }
  | { scope: 'account'; account: AccountAccess }
  | { scope: 'operator'; operator: OperatorAccess }
  | { scope: 'pod'; pod: PodAccess };

/** What the OpenAPI document and the tests know of an operation. */
export type OperationFacts = {
  id: string;
  method: Method;
  /** As in the OpenAPI document: `/v1/pods/{pod}`. */
  path: string;
  tag: Tag;
  summary: string;
  description?: string;
  access: Access;
  query: TObject;
  body: BodySpec<unknown>;
  /** Whether the body holds resources, and may be large. */
  takesDocuments?: true;
  /** Whether the body is a list of files, and may be larger still. */
  takesSource?: true;
  /** What it answers when all is well, by status. */
  responses: Record<number, ResponseSpec>;
  /** Whether the state of things can forbid it (412). */
  hasPrecondition?: boolean;
  /** What the ETags in an If-Match header must be of, in words, where the operation takes one. */
  ifMatch?: string;
};
