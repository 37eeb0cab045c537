import type { Domain } from '@brainpod/api-client/domains-client';
import { type Command, InvalidArgumentError } from 'commander';
import { paintState, type Style } from '../text/style.ts';
import { facts, table } from '../text/table.ts';
import { localTime } from '../text/time.ts';

/** A command about one domain of one pod. */
export function aboutOne(command: Command): Command {
  return command
    .argument('<pod>', 'name of the pod')
    .argument('<domain>', 'the domain, such as www.example.com', domainName);
}

/** As the platform writes it, however a person or a zone's file does: in small letters, without the dot at its end. */
function domainName(text: string): string {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name !== '' && !/[/:@\s]/.test(name)) return name;
  throw new InvalidArgumentError('Only the name, without https:// and without a path: www.example.com');
}

/** All that is known of a domain, with what is to be done. */
export function domainText(domain: Domain, style: Style): string {
  const known = facts(style, [
    ['Domain', style.bold(domain.domain)],
    ['State', paintState(style, domain.state)],
    ['Route', domain.route],
    ['Held', domain.verifiedAt === null ? 'not yet' : `since ${localTime(domain.verifiedAt)}`],
    ['Certificate', certificateText(domain)],
    ['Looked at', domain.nextAttemptAt === null ? '' : localTime(domain.nextAttemptAt)],
  ]);
  return [known, ...todoLines(domain, style)].join('\n');
}

/** Who made the certificate that is served, and its end. */
export function certificateText({ certificate }: Domain): string {
  if (certificate === null) return '';
  const until = `until ${localTime(certificate.notAfter)}`;
  switch (certificate.issuer) {
    case 'own':
      return `yours, ${until}`;
    case 'local':
      return `of this installation, ${until}; other machines do not trust it`;
    case 'acme':
      return until;
  }
}

/** What is in the way of a domain, and the records to set; nothing where there is nothing to do. */
export function todoLines(domain: Domain, style: Style): string[] {
  const reason = domain.reason === null ? [] : [style.yellow(domain.reason)];
  return wantsRecord(domain) ? [...reason, recordText(domain, style)] : reason;
}

/** One record on a line each, so that its parts can be copied into a zone. */
function recordText({ records }: Domain, style: Style): string {
  const rows = [records.cname, records.txt].map(({ type, name, value }) => [`  ${type}`, name, value]);
  return table(style, ['  SET ONE', 'NAME', 'VALUE'], rows, '');
}

function wantsRecord({ verifiedAt, reason, certificate }: Domain): boolean {
  return verifiedAt === null || (reason !== null && certificate?.issuer !== 'own');
}
