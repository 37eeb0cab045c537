const IPV4_BITS = 32;
const IPV6_BITS = 128;
const IPV6_GROUPS = 8;

/**
 * A network such as "192.0.2.0/24" or "2001:db8::/32". An address alone is the network of that one address. Undefined
 * where the text is neither.
 */
export function parseNetworkRange(text: string): string | undefined {
  const [address = '', prefix, ...more] = text.split('/');
  if (more.length > 0) return undefined;
  const bits = isIPv4(address) ? IPV4_BITS : isIPv6(address) ? IPV6_BITS : undefined;
  if (bits === undefined) return undefined;
  if (prefix === undefined) return `${address}/${bits}`;
  return /^(0|[1-9]\d{0,2})$/.test(prefix) && Number(prefix) <= bits ? text : undefined;
}

function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
}

/** Without an IPv4 address or a zone in it. */
function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? groups.length < IPV6_GROUPS : groups.length === IPV6_GROUPS;
}
