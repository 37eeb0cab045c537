/** A piece of an env value: literal text, or a reference `${name.variable}` to be filled in at deploy. */
export type EnvPart = { text: string } | { name: string; variable: string };

const REFERENCE = /\$\{([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.([A-Za-z][A-Za-z0-9_-]*)\}/g;

/**
 * Splits an env value into literal text and references. What merely resembles a reference, such as
 * an unterminated `${`, a `${HOME}` without a dot, or a name no resource can have, is literal text.
 */
export function parseEnvValue(value: string): EnvPart[] {
  const parts: EnvPart[] = [];
  let from = 0;
  for (const match of value.matchAll(REFERENCE)) {
    const [whole, name, variable] = match;
    if (name === undefined || variable === undefined) continue;
    if (match.index > from) parts.push({ text: value.slice(from, match.index) });
    parts.push({ name, variable });
    from = match.index + whole.length;
  }
  if (from < value.length) parts.push({ text: value.slice(from) });
  return parts;
}

/** The reference as a person writes it. */
export function formatReference(name: string, variable: string): string {
  return `\${${name}.${variable}}`;
}
