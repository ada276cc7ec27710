import { defineOp, tensor } from '../../graph/op.ts';
import { ordered } from '../support/dtypes.ts';
import { extremumGradient, highest } from '../support/extremum.ts';
import { failed } from '../support/shapes.ts';
import {
  knownAxes,
  reduceAxes,
  reducedAxes,
  reducedShape,
  reductionAttributes,
} from '../support/reduction.ts';

export const min = defineOp({
  name: 'min',
  doc: 'The smallest element over axes (Keras: min). Elements that share it share its gradient in equal parts.',
  operands: { x: tensor('any shape', ordered) },
  attributes: reductionAttributes,
  traits: ['reduction'],
  infer: ({ x }, attributes) => {
    const axes = reducedAxes(x.shape, attributes);
    return failed(axes) ? axes : { dtype: x.dtype, shape: reducedShape(x.shape, axes, attributes.keepdims) };
  },
  gradient: (g, { x }, attributes, y, dy) => {
    const axes = knownAxes(x.type.shape, attributes);
    return { x: extremumGradient(g, x, axes, y, dy) };
  },
  lower: (b, { x }, attributes, type) => {
    const axes = knownAxes(x.shape, attributes);
    return reduceAxes(b, x, axes, type.shape, { combine: 'min', init: highest(x.dtype) });
  },
  samples: [
    { operands: { x: { shape: [2, 3, 4] } } },
    { operands: { x: { shape: ['N', 3] } }, attributes: { axes: [-1] } },
    { operands: { x: { shape: ['N', 2, 3] } }, attributes: { axes: [-1], keepdims: true } },
    { operands: { x: { shape: ['N', 2, 3, 2] } }, attributes: { keep: [-1] } },
    { operands: { x: { shape: ['N', 2, 3] } }, attributes: { axes: [0, 1], keepdims: true } },
    { operands: { x: { shape: ['N', 3, 2, 2] } }, attributes: { axes: [1, 2] } },
    { operands: { x: { shape: [2, 3, 2] } }, attributes: { axes: [0, 2] } },
    { operands: { x: { shape: ['N'] } } },
    { operands: { x: { shape: [] } } },
    { operands: { x: { shape: ['N', 3], dtype: 'i32' } }, attributes: { axes: [1] } },
  ],
});
