import { describe, expect, it } from 'vitest';
import { minorFor } from './php-version.ts';

describe('the minor version of PHP for a constraint of Composer', () => {
  it.each([
    ['^8.2', '8.4'],
    ['^8.5', '8.5'],
    ['^8', '8.4'],
    ['*', '8.4'],
    ['>=7.4', '8.4'],
    ['>= 7.4, < 8.2', '8.1'],
    ['>=7.4 <8.2', '8.1'],
    ['>=7.4 <=8.1', '8.1'],
    ['<8', '7.4'],
    ['<=8', '7.4'],
    ['~8.1.0', '8.1'],
    ['~8.1', '8.4'],
    ['~7.4', '7.4'],
    ['8.3.*', '8.3'],
    ['8.3.*@stable', '8.3'],
    ['8.*', '8.4'],
    ['8.2', '8.2'],
    ['8.2.14', '8.2'],
    ['^7.4 || ^8.0', '8.4'],
    ['^7.4|8.0.*', '8.0'],
    ['8.1 - 8.3', '8.3'],
    ['^8.1 !=8.4', '8.5'],
    ['^8.1 !=8.4.1', '8.4'],
    ['>8.2', '8.4'],
    ['v8.3.1', '8.3'],
  ])('%s: %s', (constraint, version) => {
    expect(minorFor(constraint)).toBe(version);
  });

  it.each(['^5.6', '>=9', 'eight', '', '^8.2 eight', '^8.6'])('of none: %s', (constraint) => {
    expect(minorFor(constraint)).toBeNull();
  });
});
