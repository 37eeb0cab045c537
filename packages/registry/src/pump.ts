import type { Readable, Writable } from 'node:stream';

/** How much of an upload may wait to be taken: enough that neither side waits for the other at every piece. */
const WINDOW_BYTES = 1024 * 1024;

/**
 * Writes all of `from` to `to`, and ends it. As stream.pipeline does, but it stops reading at a window of its own, not whenever
 * a single piece waits, which an upload of large layers does all the time. Rejects where either ends early, and ends `to`; the rest
 * of `from` is dropped, so that who sends it reads the answer. `admit` is told of each piece before it is written; it throws to end
 * it there.
 */
export function pump(
  from: Readable,
  to: Writable,
  admit: (bytes: number) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      from.off('data', take).resume();
      to.destroy();
      reject(error);
    };
    const take = (piece: Buffer): void => {
      try {
        admit(piece.length);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      to.write(piece, () => free(piece));
      if (to.writableLength >= WINDOW_BYTES) from.pause();
    };
    from.on('data', take);
    to.on('drain', () => from.resume());
    from.once('end', () => to.end(resolve));
    from.once('error', fail);
    from.once('close', () => {
      if (!from.readableEnded) fail(new Error('The client went away.'));
    });
    to.once('error', fail);
    to.once('close', () => {
      if (!to.writableFinished) fail(new Error('The registry ended the connection.'));
    });
  });
}

/**
 * Gives the memory of a piece back at once. Left to the collector, which counts it, the pieces of a large upload have it go
 * through all that the server holds, again and again, for more time than the upload itself takes.
 */
function free({ buffer, byteLength }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
