import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { type Ask, ask, expectedBytes, Http2Client, type Place, type Reply } from './exchange.ts';
import { Tally, type TrafficResult } from './tally.ts';
import { openEcho } from './websocket.ts';

/** What kinds of visitors there are; a number of each comes at once. */
type Mix = {
  /** GETs over a kept-alive connection. */
  get?: number;
  /** GETs, each over a connection of its own. */
  fresh?: number;
  /** POSTs whose body comes back. */
  post?: number;
  /** GETs whose answer takes 5 s. */
  slow?: number;
  /** GETs and POSTs over an HTTP/2 connection. */
  http2?: number;
  /** Texts over a WebSocket. */
  websocket?: number;
};

export type TrafficOptions = {
  /** `https://host`, as a visitor sees it. */
  origin: string;
  ca: string;
  mix: Mix;
  /** Between an answer and the visitor's next request. */
  pauseMs: number;
  /** Is told each good answer. */
  onReply?: (reply: Reply) => void;
};

export type Traffic = {
  readonly sent: number;
  readonly lost: number;
  goodSince(at: number): boolean;
  /** Lets what has been asked come to its end. */
  stop(): Promise<TrafficResult>;
};

type Visitor = { kind: keyof Mix; visit(round: number): Promise<string | null>; leave(): void };

const ANSWER_TIMEOUT_MS = 10_000;
const SLOW_MS = 5_000;
const SMALL_BYTES = 200;
const LARGE_BYTES = 20_000;

/**
 * Sends requests of all kinds until stopped. One is lost unless its answer is 200 with the right bytes. A WebSocket may
 * be closed by the app with 1001; what was said into it just then is not lost, as the visitor is told.
 */
export function startTraffic(options: TrafficOptions): Traffic {
  const tally = new Tally();
  let isRunning = true;
  const follow = async (visitor: Visitor, number: number): Promise<void> => {
    for (let round = number; isRunning; round++) {
      const startedAt = performance.now();
      let reason: string | null;
      try {
        reason = await visitor.visit(round);
      } catch (error) {
        reason = reasonOf(error);
      }
      tally.note(visitor.kind, startedAt, reason);
      await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
    }
    visitor.leave();
  };
  const running = visitorsOf(options).map(follow);
  return {
    get sent() {
      return tally.sent;
    },
    get lost() {
      return tally.lost;
    },
    goodSince: (at) => tally.goodSince(at),
    async stop() {
      isRunning = false;
      await Promise.all(running);
      return tally.result();
    },
  };
}

function visitorsOf(options: TrafficOptions): Visitor[] {
  const { origin, ca, mix } = options;
  const place: Place = { origin, ca, address: '127.0.0.1', port: Number(new URL(origin).port || 443) };
  const kinds: (keyof Mix)[] = ['get', 'fresh', 'post', 'slow', 'http2', 'websocket'];
  return kinds.flatMap((kind) =>
    Array.from({ length: mix[kind] ?? 0 }, () => {
      if (kind === 'http2') return http2Visitor(place, options);
      if (kind === 'websocket') return websocketVisitor(place);
      return http1Visitor(kind, place, options);
    }),
  );
}

function http1Visitor(
  kind: 'get' | 'fresh' | 'post' | 'slow',
  place: Place,
  { onReply }: TrafficOptions,
): Visitor {
  const agent = agentOf(place, kind !== 'fresh');
  return {
    kind,
    visit: async (round) => {
      const question = questionOf(kind, round);
      return judge(question, await ask(place, agent, question.ask), onReply);
    },
    leave: () => agent.destroy(),
  };
}

function http2Visitor(place: Place, { onReply }: TrafficOptions): Visitor {
  const client = new Http2Client(place);
  return {
    kind: 'http2',
    visit: async (round) => {
      const question = questionOf(round % 4 === 0 ? 'post' : 'get', round);
      return judge(question, await client.ask(question.ask), onReply);
    },
    leave: () => client.close(),
  };
}

function websocketVisitor(place: Place): Visitor {
  const agent = agentOf(place, false);
  let echo: Awaited<ReturnType<typeof openEcho>> | null = null;
  return {
    kind: 'websocket',
    visit: async (round) => {
      echo ??= await openEcho(place.origin, agent, ANSWER_TIMEOUT_MS);
      const outcome = await echo.say(`text number ${round}`, ANSWER_TIMEOUT_MS);
      if (outcome === 'echoed') return null;
      echo = null;
      if (outcome.by === 'cut') return outcome.reason;
      return outcome.code === 1001 ? null : `closed with ${outcome.code}`;
    },
    leave: () => echo?.close(),
  };
}

type Question = { ask: Ask; expected: Buffer };

function questionOf(kind: 'get' | 'fresh' | 'post' | 'slow', round: number): Question {
  const expected = expectedBytes(round, kind === 'post' ? LARGE_BYTES : SMALL_BYTES);
  if (kind === 'post') {
    return { ask: { path: '/', method: 'POST', body: expected, timeoutMs: ANSWER_TIMEOUT_MS }, expected };
  }
  const ms = kind === 'slow' ? SLOW_MS : 0;
  const path = `/?seed=${round}&bytes=${SMALL_BYTES}&ms=${ms}`;
  return { ask: { path, method: 'GET', body: Buffer.alloc(0), timeoutMs: ms + ANSWER_TIMEOUT_MS }, expected };
}

function judge({ expected }: Question, reply: Reply, onReply?: (reply: Reply) => void): string | null {
  if (reply.status !== 200) return `status ${reply.status} (${reply.body.toString().slice(0, 100)})`;
  if (!reply.body.equals(expected)) return `wrong bytes: ${reply.body.length} of ${expected.length}`;
  onReply?.(reply);
  return null;
}

/** Platform names lead to this machine; libc does not resolve names under .localhost, so it is said here. */
function agentOf({ ca, address }: Place, keepAlive: boolean): Agent {
  const lookup: LookupFunction = (_hostname, { all }, callback) => {
    if (all) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };
  return new Agent({ ca, keepAlive, maxSockets: 1, lookup });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error ? `${String(error.code)} (${error.message})` : error.message;
}
