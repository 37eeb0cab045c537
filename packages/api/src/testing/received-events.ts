/** A record of an event stream, as a client reads it. */
export type ReceivedEvent = { event: string; data: unknown; id?: string };

/** Reads an event stream that has ended; comments are passed over. */
export function parseEvents(text: string): ReceivedEvent[] {
  return text
    .split('\n\n')
    .map((record) => record.split('\n').filter((line) => line !== '' && !line.startsWith(':')))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const id = field('id');
      const data: unknown = JSON.parse(field('data') ?? 'null');
      return { event: field('event') ?? 'message', data, ...(id === undefined ? {} : { id }) };
    });
}
