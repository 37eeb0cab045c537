import { expect, test } from 'vitest';
import { failureText, lastLines } from './failure-text.ts';

test('the reason comes first, and below it the last ten lines that hold something', () => {
  const log = Array.from({ length: 14 }, (_, line) => `line ${line}\n\n`).join('');
  const text = failureText('It failed.', log);
  expect(text.split('\n').slice(0, 4)).toEqual(['It failed.', '', 'Its last lines of output:', '  line 4']);
  expect(text.endsWith('  line 13')).toBe(true);
});

test('an app that said nothing adds nothing', () => {
  expect(failureText('It failed.', ' \n\n')).toBe('It failed.');
});

test('colours, control characters and endless lines do not get through', () => {
  const esc = String.fromCharCode(27);
  expect(lastLines(`${esc}[31mred${esc}[0m\u0007 and\tplain\r\n`)).toEqual(['red and  plain']);
  const [long] = lastLines('x'.repeat(5_000));
  expect(long).toHaveLength(300);
  expect(long?.endsWith('…')).toBe(true);
});
