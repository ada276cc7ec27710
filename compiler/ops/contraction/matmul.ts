import { invariant } from '../../base/invariant.ts';
import type { Value } from '../../graph/ir.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { formatShape, rankMismatch } from '../support/shapes.ts';
import { matmulKernelGradient } from './matmul_kernel_gradient.ts';

export const matmul = defineOp({
  name: 'matmul',
  doc: 'Rows times a matrix: y[…, n] = sum over k of a[…, k] * b[k, n] (Keras: the product inside Dense).',
  operands: { a: tensor('[…, k]'), b: tensor('[k, n], or [n, k] with transpose_b') },
  attributes: { transpose_b: { type: 'bool', doc: 'whether b is stored as [n, k]', default: false } },
  traits: ['contraction'],
  weights: { operand: 'b', channels: ({ transpose_b }) => (transpose_b ? 0 : 1) },
  infer: ({ a, b }, { transpose_b }) => {
    const [rows, columns, more] = b.shape;
    if (rows === undefined || columns === undefined || more !== undefined || rows === 'N') {
      return rankMismatch('the second operand', 'a matrix [k, n]', b);
    }
    const k = a.shape.at(-1);
    if (k === undefined || k === 'N') return rankMismatch('the first operand', '[…, k]', a);
    const inner = transpose_b ? columns : rows;
    if (k !== inner) {
      return mismatch(
        'E0407',
        `rows of ${k} from ${formatShape(a.shape)} meet columns of ${inner} from ${formatShape(b.shape)}`,
        `the weights must be for ${k} inputs`,
      );
    }
    return { dtype: 'f32', shape: [...a.shape.slice(0, -1), transpose_b ? rows : columns] };
  },
  gradient: (g, { a, b }, { transpose_b }, _, dy): { a: Value; b: Value } => ({
    a: g.emit(matmul, { a: dy, b }, { transpose_b: !transpose_b }),
    b: transpose_b
      ? g.emit(matmulKernelGradient, { x: dy, dy: a })
      : g.emit(matmulKernelGradient, { x: a, dy }),
  }),
  lower: (builder, { a, b }, { transpose_b }, type) => {
    const extent = a.shape.at(-1);
    invariant(extent !== undefined, 'matmul was inferred');
    const k = builder.axis('k', extent);
    return builder.reduce(type.shape, (axes) => {
      const column = axes.at(-1);
      invariant(column !== undefined, 'matmul has a last axis');
      const factor = b.at(transpose_b ? [column, k] : [k, column]);
      return {
        axes: [k],
        combine: 'add',
        init: 0,
        body: builder.mul(a.at([...axes.slice(0, -1), k]), factor),
      };
    });
  },
  samples: [
    { operands: { a: { shape: ['N', 4] }, b: { shape: [4, 3] } } },
    { operands: { a: { shape: [5, 3] }, b: { shape: [2, 3] } }, attributes: { transpose_b: true } },
    { operands: { a: { shape: ['N', 2, 3] }, b: { shape: [3, 2] } } },
    { operands: { a: { shape: [7] }, b: { shape: [7, 1] } } },
  ],
});
