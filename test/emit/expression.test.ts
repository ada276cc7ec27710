/** Random expressions: prettier takes none of their parentheses away, and JavaScript reads them as they were built. */
import fc from 'fast-check';
import { format } from 'prettier';
import { expect, test } from 'vitest';
import type { BinaryOperator, Text } from '../../compiler/emit/ts/expression.ts';
import { binary, call, conditional, number, primary, unary } from '../../compiler/emit/ts/expression.ts';

/** An expression and what it means, computed as it is built. */
interface Pair {
  readonly text: Text;
  readonly value: number | boolean;
}

type Operation = (a: never, b: never) => number | boolean;

const arithmetic: Readonly<Partial<Record<BinaryOperator, Operation>>> = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
  '%': (a: number, b: number) => a % b,
  '&': (a: number, b: number) => a & b,
  '|': (a: number, b: number) => a | b,
  '^': (a: number, b: number) => a ^ b,
  '<<': (a: number, b: number) => a << b,
  '>>': (a: number, b: number) => a >> b,
  '>>>': (a: number, b: number) => a >>> b,
};
const comparison: Readonly<Partial<Record<BinaryOperator, Operation>>> = {
  '<': (a: number, b: number) => a < b,
  '>=': (a: number, b: number) => a >= b,
  '===': (a: number, b: number) => a === b,
  '!==': (a: number, b: number) => a !== b,
};
const logic: Readonly<Partial<Record<BinaryOperator, Operation>>> = {
  '&&': (a: boolean, b: boolean) => a && b,
  '||': (a: boolean, b: boolean) => a || b,
};

function joined(operations: typeof arithmetic, part: fc.Arbitrary<Pair>): fc.Arbitrary<Pair> {
  return fc.tuple(fc.constantFrom(...Object.keys(operations)), part, part).map(([op, a, b]) => {
    const name = op as BinaryOperator;
    const value = operations[name]!(a.value as never, b.value as never);
    return { text: binary(name, a.text, b.text), value };
  });
}

const { numeric } = fc.letrec<{ numeric: Pair; truth: Pair }>((tie) => ({
  numeric: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(
      { text: primary('x'), value: 3 },
      { text: number(-2), value: -2 },
      { text: number(1e21), value: 1e21 },
      { text: number(0.5), value: 0.5 },
      { text: number(-0), value: -0 },
    ),
    joined(arithmetic, tie('numeric')),
    joined(arithmetic, tie('numeric')),
    tie('numeric').map(({ text, value }) => ({ text: unary('-', text), value: -value })),
    tie('numeric').map(({ text, value }) => ({
      text: call('Math.fround', text),
      value: Math.fround(value as number),
    })),
    fc.tuple(tie('truth'), tie('numeric'), tie('numeric')).map(([c, a, b]) => ({
      text: conditional(c.text, a.text, b.text),
      value: c.value ? a.value : b.value,
    })),
  ),
  truth: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom({ text: primary('yes'), value: true }),
    joined(comparison, tie('numeric')),
    joined(logic, tie('truth')),
    tie('truth').map(({ text, value }) => ({ text: unary('!', text), value: !value })),
  ),
}));

test('prettier keeps them, JavaScript reads them', async () => {
  await fc.assert(
    fc.asyncProperty(numeric, async ({ text, value }) => {
      const read = new Function('x', 'yes', `return ${text.text};`) as (x: number, yes: boolean) => number;
      expect(read(3, true)).toBe(value);
      const printed = await format(`y = ${text.text};\n`, { parser: 'babel', printWidth: 10_000 });
      expect(printed).toBe(`y = ${text.text};\n`);
    }),
    { numRuns: 400 },
  );
});
