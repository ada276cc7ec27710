import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineAndColumn, lineIndex } from '../../compiler/base/source.ts';

it('all three ends of lines count as one', () => {
  const text = 'a\nb\r\nc\rd';
  expect([...text].map((_, offset) => lineAndColumn(text, offset).line)).toEqual([1, 1, 2, 2, 2, 3, 3, 4]);
  expect(lineAndColumn(text, 3)).toEqual({ line: 2, column: 2 });
  expect(lineAndColumn('', 0)).toEqual({ line: 1, column: 1 });
});

it('lineIndex gives what lineAndColumn gives', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\r\n', 'é') });
  fc.assert(
    fc.property(text, (whole) => {
      const position = lineIndex(whole);
      for (let offset = 0; offset <= whole.length; offset++) {
        expect(position(offset)).toEqual(lineAndColumn(whole, offset));
      }
    }),
  );
});
