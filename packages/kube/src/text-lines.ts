// A line longer than this comes in pieces: no program's output may fill the memory of whoever reads it.
const LONGEST_LINE_BYTES = 64 * 1024;

/** Splits a stream of bytes into lines of text, without their ends. What has no end yet at the end counts as a line. */
export async function* textLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield textOf(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
    }
    while (rest.length > LONGEST_LINE_BYTES) {
      yield textOf(rest.subarray(0, LONGEST_LINE_BYTES));
      rest = rest.subarray(LONGEST_LINE_BYTES);
    }
  }
  if (rest.length > 0) yield textOf(rest);
}

function textOf(line: Buffer): string {
  const text = line.toString('utf8');
  return text.endsWith('\r') ? text.slice(0, -1) : text;
}
