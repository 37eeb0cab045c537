import { describe, expect, it } from 'vitest';
import { AddressRates } from './rate-limit.ts';

describe('an address that shows keys that are none', () => {
  it('may be wrong so often, then waits, whatever it shows', () => {
    let nowMs = 0;
    const rates = new AddressRates({ perSecond: 0.5, burst: 3 }, () => nowMs);
    const guess = (address: string) => {
      rates.assertMayTry(address, 'brain_guess');
      rates.recordFailure(address, 'brain_guess');
    };
    for (let count = 0; count < 3; count += 1) guess('192.0.2.1');
    expect(() => guess('192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED', retryAfterSeconds: 2 }),
    );
    expect(() => guess('192.0.2.2')).not.toThrow();
    nowMs += 2000;
    expect(() => guess('192.0.2.1')).not.toThrow();
    expect(() => guess('192.0.2.1')).toThrow();
  });

  it('does not keep those out whose key was good before, until it is not any more', () => {
    const rates = new AddressRates({ perSecond: 0.001, burst: 1 }, () => 0);
    rates.recordSuccess('brain_good');
    rates.recordFailure('192.0.2.1', null);
    expect(() => rates.assertMayTry('192.0.2.1', 'brain_good')).not.toThrow();
    expect(() => rates.assertMayTry('192.0.2.1', null)).toThrow();
    rates.recordFailure('192.0.2.1', 'brain_good');
    expect(() => rates.assertMayTry('192.0.2.1', 'brain_good')).toThrow();
  });

  it('is forgotten when too many came after it, so that memory stays bounded', () => {
    const rates = new AddressRates({ perSecond: 0.001, burst: 1 }, () => 0);
    rates.recordFailure('first', null);
    for (let count = 0; count < 10_000; count += 1) rates.recordFailure(`address ${count}`, null);
    expect(() => rates.assertMayTry('first', null)).not.toThrow();
  });
});
