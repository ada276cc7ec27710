import fc from 'fast-check';
import { expect, it } from 'vitest';
import { lineAndColumn, lineIndex } from '../../compiler/base/source.ts';

it('all three ends of lines count as one', () => {
  const text = 'a\nb\r\nc\rd';
  expect([...text].map((_, offset) => lineAndColumn(text, offset).line)).toEqual([1, 1, 2, 2, 2, 3, 3, 4]);
  expect(lineAndColumn(text, 3)).toEqual({ line: 2, column: 2 });
  expect(lineAndColumn('', 0)).toEqual({ line: 1, column: 1 });
});

it('an offset stands in the line whose text comes last before it', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\r\n', 'é') });
  fc.assert(
    fc.property(text, (whole) => {
      const position = lineIndex(whole);
      // A line with its end; the last one has none.
      const lines = whole.split(/(?<=\n|\r(?!\n))/u);
      let offset = 0;
      for (const [i, line] of lines.entries())
        for (let column = 1; column <= line.length; column++)
          expect(position(offset++)).toEqual({ line: i + 1, column });
      expect(position(offset).line).toBe(/[\n\r]$/u.test(whole) ? lines.length + 1 : lines.length);
    }),
  );
});
