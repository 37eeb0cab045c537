import { describe, expect, it } from 'vitest';
import { buildErrorFrom } from './build-error.ts';

const address = 'unix:///run/buildkit/buildkitd.sock';

const failedRun = [
  'Dockerfile:3',
  '--------------------',
  '   2 |     RUN echo one',
  '   3 | >>> RUN echo working \\',
  '   4 | >>>  && ls /nope',
  '   5 |     USER 1000',
  '--------------------',
  'error: failed to solve: process "/bin/sh -c echo working  && ls /nope" did not complete successfully: exit code: 2',
];

describe('why a build failed', () => {
  it("names the line of the Dockerfile with its text, the step's last words and BuildKit's", () => {
    const error = buildErrorFrom(failedRun, ['working', "ls: cannot access '/nope'"], address);
    expect(error.failure).toMatchObject({
      kind: 'dockerfile',
      line: { number: 3, text: 'RUN echo working \\\n && ls /nope' },
    });
    expect(error.message).toBe(
      [
        'The build failed at line 3 of the Dockerfile.',
        '',
        '   2 |     RUN echo one',
        '   3 | >>> RUN echo working \\',
        '   4 | >>>  && ls /nope',
        '   5 |     USER 1000',
        '',
        '    working',
        "    ls: cannot access '/nope'",
        '',
        'process "/bin/sh -c echo working  && ls /nope" did not complete successfully: exit code: 2',
      ].join('\n'),
    );
  });

  it('is told without a line where BuildKit names none', () => {
    const error = buildErrorFrom(['error: failed to solve: the Dockerfile cannot be empty'], [], address);
    expect(error.message).toBe('The build failed.\nthe Dockerfile cannot be empty');
  });

  it('comes with what to do where the image that it begins with is not to be had', () => {
    const told = (why: string): string => {
      const said = `error: failed to solve: python:3.9: failed to resolve source metadata for docker.io/library/python:3.9: ${why}`;
      return buildErrorFrom([said], [], address).message;
    };
    expect(told('docker.io/library/python:3.9: not found')).toContain(
      'Check the name and the tag of docker.io/library/python:3.9.',
    );
    const closed = 'failed to authorize: failed to fetch oauth token: 401 Unauthorized';
    expect(told(closed)).toContain('brainpod registry credentials set docker.io --username NAME');
    const lookup = 'dial tcp: lookup registry-1.docker.io: no such host';
    expect(told(lookup)).toContain('cannot be reached from where images are built');
    expect(told('unexpected status: 500')).not.toMatch(/Check|reached/);
  });

  it('is not the Dockerfile when the builder is away or closed to this user', () => {
    const away = buildErrorFrom(
      [
        'error: listing workers for Build: failed to list workers: Unavailable: dial unix /x: connect: no such file or directory',
      ],
      [],
      address,
    );
    expect(away.failure.kind).toBe('unreachable');
    expect(away.message).toContain('Is it running');
    const closed = buildErrorFrom(
      [
        'error: listing workers for Build: failed to list workers: Unavailable: dial unix /x: connect: permission denied',
      ],
      [],
      address,
    );
    expect(closed.message).toContain('as root');
    for (const lost of [
      'error: failed to solve: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF',
      'error: failed to solve: Unavailable: error reading from server: EOF',
    ]) {
      expect(buildErrorFrom([lost], [], address).failure.kind).toBe('unreachable');
    }
  });

  it('is not the Dockerfile when the push is refused', () => {
    const error = buildErrorFrom(
      ['error: failed to solve: failed to push 127.0.0.1:4600/pod/app:latest: 403 Forbidden'],
      [],
      address,
    );
    expect(error.failure.kind).toBe('push');
    expect(error.message).toContain('registry:push');
  });
});
