import { describe, expect, it } from 'vitest';
import { debianSources, parseIndexTargets, withoutCredentials } from './apt-sources.ts';

const signed = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';

describe('the sources of the base image', () => {
  it("come from the host's own mirrors", () => {
    const output = [
      'https://tools.example/apt/|bookworm|Tools|main',
      'http://mirror.example/debian/|bookworm|Debian|main',
      'http://mirror.example/debian/|bookworm-updates|Debian|main',
      'http://mirror.example/debian-security/|bookworm-security|Debian-Security|main',
      '',
    ].join('\n');
    expect(debianSources(parseIndexTargets(output), 'trixie')).toBe(
      [
        `${signed} http://mirror.example/debian trixie main`,
        `${signed} http://mirror.example/debian trixie-updates main`,
        `${signed} http://mirror.example/debian-security trixie-security main`,
        '',
      ].join('\n'),
    );
  });

  it('are found before apt has read any index', () => {
    const output = [
      'https://tools.example/linux/|bookworm|$(LABEL)|main',
      'http://mirror.example/debian/|bookworm|$(LABEL)|main',
      'http://mirror.example/debian-security/|bookworm-security|$(LABEL)|main',
    ].join('\n');
    expect(debianSources(parseIndexTargets(output), 'trixie')).toContain(
      'http://mirror.example/debian trixie main',
    );
    expect(debianSources(parseIndexTargets(output), 'trixie')).toContain(
      'debian-security trixie-security main',
    );
  });

  it('are left to the tool where the host is not Debian or reads from a disk', () => {
    expect(
      debianSources(parseIndexTargets('http://mirror.example/ubuntu/|noble|Ubuntu|main'), 'trixie'),
    ).toBeNull();
    expect(debianSources(parseIndexTargets('file:/srv/debian/|bookworm|Debian|main'), 'trixie')).toBeNull();
    expect(debianSources([], 'trixie')).toBeNull();
  });

  it('carry no password into an image', () => {
    expect(withoutCredentials('deb http://user:pass@mirror.example/debian trixie main')).toBe(
      'deb http://mirror.example/debian trixie main',
    );
  });
});
