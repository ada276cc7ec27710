import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConstants, printConstants } from '../../compiler/graph/constants.ts';
import type { Constant, Graph } from '../../compiler/graph/ir.ts';
import { largeConstants } from '../../compiler/graph/print.ts';

const constantOf = (data: readonly number[]): Constant => ({
  kind: 'constant',
  type: { dtype: 'f32', shape: [data.length] },
  data,
});
const graphOf = (...constants: readonly Constant[]): Graph => ({
  name: 'infer',
  parameters: [],
  nodes: [],
  updates: [],
  returns: constants.map((value, i) => ({ name: `y${i}`, value })),
});

test('any constants read back as they were', () => {
  const large = fc.array(fc.double(), { minLength: 65, maxLength: 80 });
  fc.assert(
    fc.property(fc.array(large, { maxLength: 3 }), (lists) => {
      const graph = graphOf(...lists.map(constantOf));
      expect(parseConstants(printConstants([graph]))).toEqual(largeConstants(graph));
    }),
    { numRuns: 50 },
  );
});

test('a constant of several axes keeps its type', () => {
  const data = Array.from({ length: 66 }, (_, i) => i);
  const type = { dtype: 'i32', shape: [2, 3, 11] } as const;
  const [read] = parseConstants(printConstants([graphOf({ kind: 'constant', type, data })])).values();
  expect(read).toEqual({ kind: 'constant', type, data });
});

test('small constants are not in it, and graphs may share large ones', () => {
  const large = constantOf(Array.from({ length: 99 }, (_, i) => i));
  expect(printConstants([graphOf(constantOf([1, 2]))])).toBe('');
  expect(printConstants([graphOf(large), graphOf(large)])).toBe(printConstants([graphOf(large)]));
});

test('lines that are not what they say are left out; no text throws', () => {
  const text = printConstants([graphOf(constantOf(Array.from({ length: 99 }, (_, i) => i)))]);
  expect(parseConstants(text).size).toBe(1);
  for (const wrong of [
    text.replace('98', '97'),
    text.replace('[99]', '[98]'),
    text.replace(', 98', ''),
    text.replace('f32', 'i32'),
    text.slice(1),
    text.replace(' = ', ' : '),
  ])
    expect([...parseConstants(wrong)]).toEqual([]);
  fc.assert(fc.property(fc.string(), (any) => parseConstants(`${any}\n${text}`).size >= 0));
});
