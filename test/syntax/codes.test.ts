import { describe, expect, it } from 'vitest';
import { codes } from '../../compiler/syntax/codes.ts';
import { parse } from '../../compiler/syntax/index.ts';

describe.each(Object.entries(codes))('the page of %s', (code, page) => {
  it('has an example that is diagnosed with it', () => {
    const found = parse('wrong.cnn', page.wrong).diagnostics.map((diagnostic) => diagnostic.code);
    expect(found).toContain(code);
    if (code !== 'E0114') expect(new Set(found)).toEqual(new Set([code]));
  });

  it('has a mended example without diagnostics', () => {
    expect(parse('right.cnn', page.right).diagnostics).toEqual([]);
  });
});
