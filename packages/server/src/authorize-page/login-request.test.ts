import { describe, expect, it } from 'vitest';
import { answerAddress, readLoginRequest } from './login-request.ts';

const STATE = 'a1'.repeat(32);
const GOOD = { redirect_uri: 'http://127.0.0.1:4321/callback', state: STATE };

function read(parameters: Record<string, string> | string) {
  return readLoginRequest(new URLSearchParams(parameters));
}

describe('what a command line asks with', () => {
  it.each(['http://127.0.0.1:4321/callback', 'http://localhost:80001/', 'http://localhost:1'])(
    'may wait at %s, if that is a port',
    (redirect_uri) => {
      expect(read({ ...GOOD, redirect_uri }).ok).toBe(!redirect_uri.includes('80001'));
    },
  );

  it.each([
    'http://127.0.0.1/callback',
    'https://127.0.0.1:4321/callback',
    'http://127.0.0.1.example.com:4321/',
    'http://example.com:4321/',
    'http://user@127.0.0.1:4321/',
    'http://127.0.0.1:4321/?token=mine',
    'http://127.0.0.1:4321/#part',
    'http://[::1]:4321/',
    'http://0.0.0.0:4321/',
    'http://192.168.0.1:4321/',
    'javascript:alert(1)',
    '//127.0.0.1:4321/',
    '',
  ])('may not wait at %j', (redirect_uri) => {
    expect(read({ ...GOOD, redirect_uri }).ok).toBe(false);
  });

  it('is told every fault at once', () => {
    expect(read('')).toMatchObject({
      faults: [expect.stringContaining('redirect_uri'), expect.stringContaining('state')],
    });
    for (const state of ['', 'a'.repeat(63), 'A1'.repeat(32), `${STATE}0`]) {
      expect(read({ ...GOOD, state }).ok).toBe(false);
    }
    expect(read(`${new URLSearchParams(GOOD)}&state=${STATE}`).ok).toBe(false);
    expect(read(`${new URLSearchParams(GOOD)}&redirect_uri=http://127.0.0.1:1/`).ok).toBe(false);
  });

  it('is answered with its own state and either a key or a refusal', () => {
    const asked = read(GOOD);
    if (!asked.ok) throw new Error('it is good');
    expect(answerAddress(asked.request, { token: 'brain_x' })).toBe(
      `http://127.0.0.1:4321/callback?token=brain_x&state=${STATE}`,
    );
    expect(answerAddress(asked.request, { error: 'access_denied' })).toBe(
      `http://127.0.0.1:4321/callback?error=access_denied&state=${STATE}`,
    );
  });
});
