import { sameShape } from '../../base/types.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { formatShape, rankMismatch } from '../support/shapes.ts';

export const matmulKernelGradient = defineOp({
  name: 'matmul_kernel_gradient',
  doc: 'The gradient of the matrix of matmul: dk[i, o] = sum over all rows of x[…, i] * dy[…, o].',
  operands: {
    x: tensor('[…, i], the first operand of matmul'),
    dy: tensor('[…, o], the gradient of its result'),
  },
  attributes: {},
  traits: ['contraction'],
  infer: ({ x, dy }) => {
    const [i, o] = [x.shape.at(-1), dy.shape.at(-1)];
    if (i === undefined || i === 'N') return rankMismatch('x', '[…, i]', x);
    if (o === undefined || o === 'N') return rankMismatch('dy', '[…, o]', dy);
    if (!sameShape(x.shape.slice(0, -1), dy.shape.slice(0, -1))) {
      return mismatch(
        'E0407',
        `${formatShape(x.shape)} and ${formatShape(dy.shape)} differ before the last axis`,
      );
    }
    return { dtype: 'f32', shape: [i, o] };
  },
  gradient: 'none',
  lower: (b, { x, dy }, _, type) => {
    const rows = b
      .axesOf(x.shape.slice(0, -1))
      .map((axis, i) => b.axis(axis.extent === 'N' ? 'n' : `r${i}`, axis.extent));
    return b.reduce(type.shape, (axes) => ({
      axes: rows,
      combine: 'add',
      init: 0,
      body: b.mul(x.at([...rows, ...axes.slice(0, 1)]), dy.at([...rows, ...axes.slice(1)])),
    }));
  },
  samples: [
    { operands: { x: { shape: ['N', 4] }, dy: { shape: ['N', 3] } } },
    { operands: { x: { shape: ['N', 2, 3] }, dy: { shape: ['N', 2, 2] } } },
    { operands: { x: { shape: [3] }, dy: { shape: [2] } } },
  ],
});
