export function greet(from: string): string {
  return `hello from ${from}`;
}
