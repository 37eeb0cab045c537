import { ConnectionFailure, readEnvelope, UnexpectedAnswer } from './failure.ts';

/** One record of an event stream (text/event-stream). `id` is the last one seen so far, '' before the first. */
export type StreamRecord = { event: string; data: string; id: string };

/**
 * Reads the records of an event stream. Lines end in CR, LF or CRLF; data of several lines is joined; an id holds until
 * the next; comments and records without data are left out. What was not ended by an empty line is not a record.
 */
export async function* readRecords(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<StreamRecord> {
  let record = { event: '', data: [] as string[] };
  let id = '';
  for await (const line of linesOf(chunks)) {
    if (line === '') {
      if (record.data.length > 0)
        yield { event: record.event || 'message', data: record.data.join('\n'), id };
      record = { event: '', data: [] };
      continue;
    }
    const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'event') record.event = value;
    else if (name === 'data') record.data.push(value);
    else if (name === 'id' && !value.includes('\0')) id = value;
  }
}

/**
 * The records of an answered stream up to its `end`, as the API ends one. Throws ApiFailure for a record `error`,
 * UnexpectedAnswer for one that is neither in `known` nor these, and ConnectionFailure where it breaks off.
 */
export async function* recordsUntilEnd(
  response: Response,
  options: { endpoint: string; known: readonly string[] },
): AsyncGenerator<StreamRecord, { lastId: string }> {
  let lastId = '';
  try {
    for await (const record of readRecords(bodyOf(response))) {
      lastId = record.id;
      if (record.event === 'end') return { lastId };
      if (record.event === 'error')
        throw readEnvelope(parsed(record.data), response.status) ?? unexpected(response, record.data);
      if (!options.known.includes(record.event)) throw unexpected(response, `event: ${record.event}`);
      yield record;
    }
  } catch (error) {
    // What is thrown by the body itself is a connection that broke; what is thrown above keeps its meaning.
    if (error instanceof TypeError || isAbort(error)) throw new ConnectionFailure(options.endpoint, error);
    throw error;
  }
  throw new ConnectionFailure(options.endpoint, new Error('the stream of events broke off'));
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the very end may be the first half of a CRLF.
    for (let match = LINE_END.exec(rest); match !== null; match = LINE_END.exec(rest)) {
      yield rest.slice(0, match.index);
      rest = rest.slice(match.index + match[0].length);
    }
  }
  if (rest.endsWith('\r')) yield rest.slice(0, -1);
}

const LINE_END = /\r\n|\n|\r(?!$)/;

function bodyOf(response: Response): AsyncIterable<Uint8Array> {
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/event-stream\s*(?:;|$)/i.test(type) && response.body !== null) return response.body;
  throw unexpected(response, `content-type: ${type}`);
}

function unexpected(response: Response, what: string): UnexpectedAnswer {
  return new UnexpectedAnswer(response.status, what);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No envelope then: told by the caller.
    return undefined;
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError');
}
