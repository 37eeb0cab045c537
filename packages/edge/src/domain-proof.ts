/** What is asked of DNS. `Resolver` of node:dns/promises is one. */
export type DnsQuestions = {
  resolveCname(name: string): Promise<string[]>;
  resolveTxt(name: string): Promise<string[][]>;
};

export type DomainProof =
  | { outcome: 'proven' }
  /** DNS answered, and there is no such record. `found` says what there is instead. */
  | { outcome: 'unproven'; found: string }
  /** DNS did not answer: nothing is known, for or against. */
  | { outcome: 'unknown'; trouble: string };

type Wanted = { targets: readonly string[]; txt: { name: string; value: string } };

const NO_SUCH_RECORD = new Set(['ENOTFOUND', 'ENODATA']);
const MAX_CNAMES = 8;

/**
 * Whether DNS says that a domain is to lead to one of `targets`: by a CNAME, or a chain of them, or by a TXT record. An
 * address is no proof: it is the same for everybody's.
 */
export async function proveDomain(dns: DnsQuestions, domain: string, wanted: Wanted): Promise<DomainProof> {
  const targets = new Set(wanted.targets.map(plain));
  const chain: string[] = [];
  try {
    for (let name = domain; chain.length < MAX_CNAMES; ) {
      const [next] = await recordsOf(dns.resolveCname(name));
      if (next === undefined) break;
      name = plain(next);
      if (targets.has(name)) return { outcome: 'proven' };
      chain.push(name);
    }
    const texts = (await recordsOf(dns.resolveTxt(wanted.txt.name))).map((parts) => parts.join(''));
    if (texts.includes(wanted.txt.value)) return { outcome: 'proven' };
    return { outcome: 'unproven', found: foundText(domain, chain, { name: wanted.txt.name, texts }) };
  } catch (error) {
    return { outcome: 'unknown', trouble: codeOf(error) || 'no answer' };
  }
}

function foundText(
  domain: string,
  chain: readonly string[],
  txt: { name: string; texts: readonly string[] },
): string {
  const cname =
    chain.length === 0 ? `${domain} has no CNAME record` : `${domain} leads to ${chain.join(', then ')}`;
  const text = txt.texts.length === 0 ? 'there is no TXT record' : 'the TXT record says something else';
  return `${cname}, and ${text} at ${txt.name}`;
}

async function recordsOf<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer;
  } catch (error) {
    if (NO_SUCH_RECORD.has(codeOf(error))) return [];
    throw error;
  }
}

function plain(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
