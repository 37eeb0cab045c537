import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import { readText } from '../documents.ts';
import { CliFailure } from '../failure.ts';
import { aboutOne, domainText } from './domain-text.ts';

type Files = { cert: string; key: string };

export function registerDomainCertificate(certificate: Command, run: Runner): void {
  aboutOne(certificate.command('set'))
    .description('Set a certificate of your own for a domain; it is yours to renew')
    .requiredOption(
      '--cert <file>',
      "PEM: the domain's certificate first, then those that lead to its authority",
    )
    .requiredOption('--key <file>', 'PEM: its private key, without a passphrase')
    .action(
      run(async (context, pod: string, domain: string, files: Files) => {
        const set = await context.client().domains.setCertificate(pod, domain, await readBoth(files));
        return {
          json: set,
          text: (style) =>
            [
              `${style.green('✓')} ${style.bold(set.domain)} has your certificate. Its key is encrypted, and shown to nobody.`,
              domainText(set, style),
            ].join('\n'),
        };
      }),
    );
  aboutOne(certificate.command('remove'))
    .description('Remove your own certificate; the platform gets one again, and until then nothing is served')
    .action(
      run(async (context, pod: string, domain: string) => {
        const removed = await context.client().domains.removeCertificate(pod, domain);
        return {
          json: removed,
          text: (style) =>
            [
              `${style.green('✓')} ${style.bold(removed.domain)} has no certificate of yours any more. The platform gets one.`,
              style.dim(`How it goes: brainpod domain check ${pod} ${removed.domain} --wait`),
            ].join('\n'),
        };
      }),
    );
}

/** A key must not be sent in the place of what everybody may see, nor anything that is neither. */
async function readBoth(files: Files): Promise<{ certificate: string; key: string }> {
  const [certificate, key] = await Promise.all([readText(files.cert), readText(files.key)]);
  const faults = [
    certificate.includes('-----BEGIN CERTIFICATE-----')
      ? ''
      : `--cert: ${files.cert} holds no certificate as PEM.`,
    certificate.includes('PRIVATE KEY-----')
      ? `--cert: ${files.cert} holds a private key; name it with --key only.`
      : '',
    key.includes('PRIVATE KEY-----') ? '' : `--key: ${files.key} holds no private key as PEM.`,
  ].filter(Boolean);
  if (faults.length === 0) return { certificate, key };
  throw new CliFailure(faults.join('\n'), {
    advice:
      'Nothing was sent. PEM is text that begins with "-----BEGIN"; certificate and key are one file each.',
  });
}
