/** Splits a stream of bytes into lines and parses each as JSON. Throws a SyntaxError on a line that is not. */
export async function* parseJsonLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<unknown> {
  const pending: Buffer[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      pending.push(chunk.subarray(start, end));
      start = end + 1;
      const line = Buffer.concat(pending).toString('utf8');
      pending.length = 0;
      if (line.trim() !== '') yield JSON.parse(line);
    }
    // What is left belongs to the next chunk. A line cut off by the end of the stream is dropped: it never was whole.
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
}
