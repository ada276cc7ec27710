import { defineOp, tensor } from '../../graph/op.ts';
import { countOf } from '../support/count.ts';
import { reshaped } from '../support/gradients.ts';
import { hasBatch, withoutBatch } from '../support/shapes.ts';
import { meanGradient } from './mean_gradient.ts';
import { failed } from '../support/shapes.ts';
import {
  knownAxes,
  reduceAxes,
  reducedAxes,
  reducedShape,
  reductionAttributes,
} from '../support/reduction.ts';

export const mean = defineOp({
  name: 'mean',
  doc: 'The mean over axes (Keras: mean). Over N it divides by the actual batch.',
  operands: { x: tensor('any shape') },
  attributes: reductionAttributes,
  traits: ['reduction'],
  infer: ({ x }, attributes) => {
    const axes = reducedAxes(x.shape, attributes);
    return failed(axes) ? axes : { dtype: x.dtype, shape: reducedShape(x.shape, axes, attributes.keepdims) };
  },
  gradient: (g, { x }, attributes, _y, dy) => {
    const axes = knownAxes(x.type.shape, attributes);
    const kept = reshaped(g, dy, reducedShape(x.type.shape, axes, true));
    const shape = withoutBatch(x.type.shape);
    return { x: g.emit(meanGradient, { dy: kept }, { shape, batch: hasBatch(x.type.shape) }) };
  },
  lower: (b, { x }, attributes, type) => {
    const axes = knownAxes(x.shape, attributes);
    const count = countOf(
      b,
      axes.map((axis) => x.shape[axis] ?? 1),
    );
    return reduceAxes(b, x, axes, type.shape, {
      combine: 'add',
      init: 0,
      finish: (_, total) => b.div(total, count),
    });
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
  ],
});
