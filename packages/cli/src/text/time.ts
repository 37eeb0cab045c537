/** A date-time of the API as people here read it: to the second, in the machine's own time zone. */
export function localTime(iso: string): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return iso;
  const two = (number: number) => String(number).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** A duration in seconds with one digit: `3.2s`. */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)}s`;
}
