/** Any types and attributes at all: `infer` answers with a type or a mismatch, and what it accepts can be lowered. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Extent, TensorType } from '../../compiler/base/types.ts';
import { dtypes } from '../../compiler/base/types.ts';
import type { AttributeValue } from '../../compiler/graph/ir.ts';
import type { AttributeSpec, Op, OperandSpec } from '../../compiler/graph/op.ts';
import { isMismatch } from '../../compiler/graph/op.ts';
import { DefinitionBuilder, denseBuffer, dtypeOf, readerOf } from '../../compiler/loop/builder.ts';
import { codes } from '../../compiler/ops/codes.ts';
import { ops } from '../../compiler/ops/index.ts';
import { expectToRunThrough } from '../support/space.ts';

const shapes: fc.Arbitrary<readonly Extent[]> = fc
  .tuple(fc.boolean(), fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }))
  .map(([batch, inner]) => (batch ? ['N', ...inner] : inner));

function typesFor({ dtypes: accepted }: OperandSpec): fc.Arbitrary<TensorType> {
  return fc.record({ dtype: fc.constantFrom(...(accepted === 'any' ? dtypes : accepted)), shape: shapes });
}

function operandsFor(op: Op): fc.Arbitrary<readonly TensorType[]> {
  const specs = Object.values(op.operands);
  const each = specs.map((spec) =>
    spec.kind === 'tensors'
      ? fc.array(typesFor(spec), { maxLength: 3 })
      : typesFor(spec).map((type) => [type]),
  );
  return fc.tuple(...each).map((types) => types.flat());
}

/** What the frontend lets through: of the right type, not below the minimum. */
function valuesFor({ type, words, minimum = -3 }: AttributeSpec): fc.Arbitrary<AttributeValue> {
  const int = fc.integer({ min: minimum, max: 5 });
  switch (type) {
    case 'int':
      return int;
    case 'float':
      return fc.double({ min: minimum, max: 5, noNaN: true });
    case 'bool':
      return fc.boolean();
    case 'string':
      return words === undefined ? fc.string() : fc.constantFrom(...words);
    case 'size':
      return fc.tuple(int, int);
    case 'ints':
      return fc.array(int, { maxLength: 4 });
    case 'dtype':
      return fc.constantFrom(...dtypes);
    case 'padding':
      return fc.oneof(fc.constantFrom('valid', 'same'), fc.tuple(int, int));
    default:
      return type satisfies never;
  }
}

const isExtent = (extent: Extent, i: number): boolean =>
  extent === 'N' ? i === 0 : Number.isInteger(extent) && extent >= 1;

test.each([...ops.values()])('$name', (op) => {
  const attributes = fc.record(
    Object.fromEntries(Object.entries(op.attributes).map(([name, spec]) => [name, valuesFor(spec)])),
  );
  fc.assert(
    fc.property(operandsFor(op), attributes, (types, given) => {
      const result = op.infer(types, given);
      if (isMismatch(result)) {
        expect(codes).toHaveProperty(result.mismatch.code);
        expect(result.mismatch.message).not.toMatch(/undefined|NaN|Infinity|object/);
        return;
      }
      expect(result.shape.every(isExtent), JSON.stringify(result)).toBe(true);
      if (op.lower === 'none') return;
      const readers = types.map(({ dtype, shape }, i) => readerOf(denseBuffer(`x${i}`, dtype, shape)));
      const definition = op.lower(new DefinitionBuilder(), readers, given, result);
      expectToRunThrough(definition, result.shape);
      expect(dtypeOf(definition.element)).toBe(result.dtype);
    }),
    { numRuns: 100 },
  );
});
