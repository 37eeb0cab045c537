import { describe, expect, it } from 'vitest';
import { TextSealer } from './sealed-text.ts';

const sealer = new TextSealer(Buffer.alloc(32, 1));

describe('TextSealer', () => {
  it('opens what it sealed, with nothing of the text in it, and never the same twice', () => {
    const sealed = sealer.seal('a', 'a token: größer');
    expect(sealer.open('a', sealed)).toBe('a token: größer');
    expect(sealed.includes('token')).toBe(false);
    expect(sealer.seal('a', 'a token: größer').equals(sealed)).toBe(false);
  });

  it('opens nothing of another owner, another key, or that was changed', () => {
    const sealed = sealer.seal('a', 'text');
    expect(() => sealer.open('b', sealed)).toThrow();
    expect(() => new TextSealer(Buffer.alloc(32, 2)).open('a', sealed)).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => sealer.open('a', changed)).toThrow();
    }
    expect(() => sealer.open('a', Buffer.alloc(3))).toThrow();
  });
});
