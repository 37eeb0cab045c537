import createClient, { type Client } from 'openapi-fetch';
import { recordsUntilEnd, type StreamRecord } from './event-stream.ts';
import { ConnectionFailure, readEnvelope, UnexpectedAnswer } from './failure.ts';
import { type Retry, retryingFetch } from './retry.ts';
import type { paths } from './schema.ts';

export type { paths };

type Json<Answer> = Answer extends { content: { 'application/json': infer Body } } ? Body : never;
/** The body of an operation's success. */
export type Ok<Operation> = Operation extends { responses: infer Answers }
  ? { [Status in Extract<keyof Answers, 200 | 201 | 202>]: Json<Answers[Status]> }[Extract<
      keyof Answers,
      200 | 201 | 202
    >]
  : never;
/** The data of the events that an operation answers with. */
export type EventOf<Operation> = Operation extends {
  responses: { 200: { content: { 'text/event-stream': infer Data } } };
}
  ? Data
  : never;

export type ClientOptions = {
  /** Origin of the API, such as `https://api.brainpod.io`. */
  endpoint: string;
  /** The API key; null for what needs none. */
  token: string | null;
  timeoutMs?: number;
  /** Ends calls that are under way, and waits between attempts. */
  signal?: AbortSignal;
  onRetry?: (retry: Retry) => void;
};

/** For each call: a body as text, so that one that is no JSON can be told. */
export const RAW = { parseAs: 'text' } as const;
const EVENT_STREAM = 'text/event-stream';

/** For calls that are answered by events: those after the one with this id, or all where it is ''. */
export function streamAfter(lastEventId: string): {
  parseAs: 'stream';
  headers: Record<string, string>;
} {
  const after = lastEventId === '' ? {} : { 'Last-Event-ID': lastEventId };
  return { parseAs: 'stream', headers: { Accept: EVENT_STREAM, ...after } };
}

/** A tag as If-Match wants it, from one with or without quotes. */
export function quoted(tag: string): string {
  return tag.startsWith('"') || tag === '*' ? tag : `"${tag}"`;
}

const TIMEOUT_MS = 60_000;
/** A stream without even a heartbeat for this long is dead. */
const SILENCE_MS = 60_000;

type Called = { data?: unknown; error?: unknown; response: Response };

/** HTTP to one API: retries, time limits, and failures as ApiFailure, UnexpectedAnswer or ConnectionFailure. */
export class Connection {
  readonly endpoint: string;
  readonly http: Client<paths>;
  readonly #signal: AbortSignal | null;

  constructor(options: ClientOptions) {
    this.endpoint = options.endpoint.replace(/\/+$/, '');
    this.#signal = options.signal ?? null;
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.http = createClient<paths>({
      baseUrl: this.endpoint,
      headers: {
        Accept: 'application/json',
        ...(options.token === null ? {} : { Authorization: `Bearer ${options.token}` }),
      },
      fetch: retryingFetch({
        fetch: (request) => this.#fetch(request, timeoutMs),
        sleep: (delayMs) => this.#sleep(delayMs),
        random: Math.random,
        ...(options.onRetry === undefined ? {} : { onRetry: options.onRetry }),
      }),
    });
  }

  /** The body of a call that was made with RAW. */
  async answer<Body>(call: Promise<Called>): Promise<Body> {
    const { data, error, response } = await call;
    const text = typeof data === 'string' ? data : errorText(error);
    const body = parseJson(text);
    if (!response.ok) throw this.#failure(body, response, text);
    if (typeof body !== 'object' || body === null) throw new UnexpectedAnswer(response.status, text);
    // The API's own schema describes this body.
    return body as Body;
  }

  /** The records of a call that was made with streamAfter, up to its end. Gives the id to go on after. */
  async *records(
    call: Promise<Called>,
    known: readonly string[],
  ): AsyncGenerator<StreamRecord, { lastId: string }> {
    const { error, response } = await call;
    if (!response.ok) {
      const text = errorText(error);
      throw this.#failure(parseJson(text), response, text);
    }
    return yield* recordsUntilEnd(response, { endpoint: this.endpoint, known });
  }

  #failure(body: unknown, response: Response, text: string): Error {
    return (
      readEnvelope(body, response.status, response.headers) ?? new UnexpectedAnswer(response.status, text)
    );
  }

  async #fetch(request: Request, timeoutMs: number): Promise<Response> {
    const isStream = request.headers.get('accept') === EVENT_STREAM;
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new DOMException('no answer', 'TimeoutError')), timeoutMs);
    const signals = [limit.signal, request.signal, ...(this.#signal === null ? [] : [this.#signal])];
    try {
      const response = await fetch(new Request(request, { signal: AbortSignal.any(signals) }));
      // A body counts into the limit; a stream ends when it ends, and may only not fall silent.
      return isStream ? this.#listened(response, limit) : await whole(response);
    } catch (cause) {
      throw new ConnectionFailure(this.endpoint, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  #listened(response: Response, limit: AbortController): Response {
    if (response.body === null) return response;
    const silence = () =>
      setTimeout(() => limit.abort(new DOMException('silence', 'TimeoutError')), SILENCE_MS).unref();
    let timer = silence();
    const watched = new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        clearTimeout(timer);
        timer = silence();
        controller.enqueue(chunk);
      },
      flush: () => clearTimeout(timer),
    });
    const { status, headers } = response;
    return new Response(response.body.pipeThrough(watched), { status, headers });
  }

  #sleep(delayMs: number): Promise<void> {
    const signal = this.#signal;
    return new Promise((resolve, reject) => {
      const stop = () => {
        clearTimeout(timer);
        reject(new ConnectionFailure(this.endpoint, new Error('stopped')));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, delayMs);
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }
}

/** Reads a body to its end, within the time limit of the call. */
async function whole(response: Response): Promise<Response> {
  const body = response.status === 204 ? null : await response.arrayBuffer();
  return new Response(body, { status: response.status, headers: response.headers });
}

function errorText(error: unknown): string {
  return typeof error === 'string' ? error : JSON.stringify(error ?? '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told apart by the caller: no answer of the API is a bare "undefined".
    return undefined;
  }
}
