import type { Extent } from '../../base/types.ts';
import { defineOp, mismatch, tensor } from '../../graph/op.ts';
import { reshaped } from '../support/gradients.ts';
import { formatShape, hasBatch, product, withoutBatch } from '../support/shapes.ts';

export const reshape = defineOp({
  name: 'reshape',
  doc: 'The same elements in the same row-major order under another shape. An outermost N stays (Keras: Reshape).',
  operands: { x: tensor('any shape', 'any') },
  attributes: {
    shape: { type: 'ints', doc: 'the axes after N; one of them may be -1: what remains', minimum: -1 },
  },
  traits: ['view'],
  infer: ({ x }, { shape }) => {
    const count = product(withoutBatch(x.shape));
    const known = product(shape.filter((extent) => extent !== -1));
    const open = shape.filter((extent) => extent === -1).length;
    const fits = open === 0 ? known === count : open === 1 && known > 0 && count % known === 0;
    if (!fits || shape.some((extent) => extent < 1 && extent !== -1)) {
      const sample = hasBatch(x.shape) ? ' in each sample' : '';
      return mismatch(
        'E0408',
        open > 1
          ? `${formatShape(shape)} leaves more than one extent open`
          : `${formatShape(x.shape)} has ${count} elements${sample}, which do not make ${formatShape(shape)}`,
        open === 0
          ? `${formatShape(shape)} takes ${known} elements; one extent may be -1: what remains`
          : undefined,
      );
    }
    const full: Extent[] = shape.map((extent) => (extent === -1 ? count / known : extent));
    return { dtype: x.dtype, shape: hasBatch(x.shape) ? ['N', ...full] : full };
  },
  gradient: (g, { x }, _, _y, dy) => ({ x: reshaped(g, dy, x.type.shape) }),
  lower: 'none',
  samples: [
    { operands: { x: { shape: ['N', 2, 3] } }, attributes: { shape: [-1] } },
    { operands: { x: { shape: ['N', 6] } }, attributes: { shape: [3, -1] } },
    { operands: { x: { shape: [2, 6] } }, attributes: { shape: [3, 4] } },
    { operands: { x: { shape: ['N', 1], dtype: 'i32' } }, attributes: { shape: [] } },
  ],
});
