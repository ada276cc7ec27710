import { defineOp, tensor } from '../../graph/op.ts';
import { unbroadcast } from '../support/gradients.ts';
import { broadcastTarget, typed } from '../support/shapes.ts';

export const broadcastTo = defineOp({
  name: 'broadcast_to',
  doc: 'x repeated to fill [N?, ...shape]; axes are aligned from the last, as in numpy (Keras: broadcast_to).',
  operands: { x: tensor('a shape that broadcasts to the result', 'any') },
  attributes: {
    shape: { type: 'ints', doc: 'the axes of the result, without N', minimum: 1 },
    batch: { type: 'bool', doc: 'whether N stands before them', default: false },
  },
  traits: ['elementwise', 'rearrangement'],
  infer: ({ x }, { shape, batch }) => typed(x.dtype, broadcastTarget(x.shape, shape, batch)),
  gradient: (g, { x }, _, _y, dy) => ({ x: unbroadcast(g, dy, x.type) }),
  lower: (b, { x }, _, type) => b.map(type.shape, (i) => x.broadcast(i), type.dtype),
  samples: [
    { operands: { x: { shape: [3] } }, attributes: { shape: [2, 3], batch: true } },
    { operands: { x: { shape: ['N', 1, 3] } }, attributes: { shape: [2, 3], batch: true } },
    { operands: { x: { shape: [2, 1] } }, attributes: { shape: [2, 4] } },
    { operands: { x: { shape: [] } }, attributes: { shape: [], batch: true } },
  ],
});
