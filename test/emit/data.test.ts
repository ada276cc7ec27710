/** Literals: as prettier prints them (single quotes, 110 columns), and with the value they stand for. */
import fc from 'fast-check';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import type { Data } from '../../compiler/emit/ts/data.ts';
import { commentText, stringLiteral } from '../../compiler/emit/ts/data.ts';
import { printModule } from '../../compiler/emit/ts/tree.ts';

const style = { parser: 'typescript', singleQuote: true, printWidth: 110 } as const;

const { data } = fc.letrec<{ data: { data: Data; value: unknown } }>((tie) => ({
  data: fc.oneof(
    { maxDepth: 3, depthSize: 'medium' },
    fc
      .oneof(fc.string(), fc.integer(), fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }))
      .map((value) => ({
        data: value,
        value,
      })),
    fc.array(fc.integer(), { maxLength: 40 }).map((value) => ({ data: value, value })),
    fc.array(tie('data'), { maxLength: 6 }).map((list) => ({
      data: list.map((item) => item.data),
      value: list.map((item) => item.value),
    })),
    fc
      .uniqueArray(fc.tuple(fc.constantFrom('a', 'shape', '__proto__', 'constructor', 'b1'), tie('data')), {
        selector: ([key]) => key,
      })
      .map((entries) => ({
        data: {
          kind: 'object' as const,
          entries: entries.map(([key, { data: entry }]) => [key, entry] as const),
        },
        value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
      })),
  ),
}));

test('any literal', async () => {
  await fc.assert(
    fc.asyncProperty(data, async ({ data: literal, value }) => {
      const text = printModule(
        [{ kind: 'const', doc: [], name: 'it', type: 'unknown', value: literal }],
        'ts',
      );
      expect(await format(text, style)).toBe(text);
      const js = text.replace('const it: unknown =', 'return ');
      // An array or object may begin on the line after `=`, never after `return`.
      expect((new Function(js.replace(/return\s+/, 'return ')) as () => unknown)()).toEqual(value);
    }),
    { numRuns: 300 },
  );
});

test('strings end neither themselves nor a script', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const literal = stringLiteral(text);
      expect((new Function(`return ${literal}`) as () => unknown)()).toBe(text);
      expect(literal).not.toMatch(/[\n\r\u2028\u2029]/);
    }),
  );
  for (const text of ['</script>', '</SCRIPT', '<!-- x', '*/', "it's", '"', `'"`, '\u2028', '\\']) {
    const literal = stringLiteral(text);
    expect((new Function(`return ${literal}`) as () => unknown)()).toBe(text);
    expect(literal).not.toMatch(/<\/script|<!--|\*\/|\u2028/i);
  }
});

test('comments stay comments', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(commentText(text)).not.toMatch(/\*\/|[\n\r\u2028\u2029]/);
    }),
  );
  expect(commentText('a */ alert(1) /*\n b')).toBe('a *\\/ alert(1) /* b');
});
