import { defineOp, tensor } from '../../graph/op.ts';

export const cast = defineOp({
  name: 'cast',
  doc: 'x as another element type. f32 to an integer cuts off the fraction and saturates (NaN becomes 0); bool is x != 0.',
  operands: { x: tensor('any shape', 'any') },
  attributes: { to: { type: 'dtype', doc: 'the element type of the result' } },
  traits: ['elementwise'],
  infer: ({ x }, { to }) => ({ dtype: to, shape: x.shape }),
  gradient: (_g, { x }, { to }, _y, dy) => (x.type.dtype === 'f32' && to === 'f32' ? { x: dy } : {}),
  lower: (b, { x }, { to }, type) => b.map(type.shape, (i) => b.cast(x.at(i), to), to),
  samples: [
    { operands: { x: { shape: ['N', 2, 3], dtype: 'u8' } }, attributes: { to: 'f32' } },
    { operands: { x: { shape: [4], dtype: 'i32' } }, attributes: { to: 'f32' } },
    { operands: { x: { shape: [2, 3], dtype: 'bool' } }, attributes: { to: 'f32' } },
    { operands: { x: { shape: [5], values: [-2.7, -0.4, 0.4, 2.7, 300.2] } }, attributes: { to: 'i32' } },
    { operands: { x: { shape: [5], values: [-2.7, -0.4, 0.4, 2.7, 300.2] } }, attributes: { to: 'u8' } },
    { operands: { x: { shape: ['N'] } }, attributes: { to: 'f32' } },
    { operands: { x: { shape: [3], values: [-0.5, 0.5, 2] } }, attributes: { to: 'bool' } },
  ],
});
