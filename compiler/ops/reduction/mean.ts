import { countOf } from '../support/count.ts';
import { reshaped } from '../support/gradients.ts';
import { reducedShape, reductionOp } from '../support/reduction.ts';
import { hasBatch, withoutBatch } from '../support/shapes.ts';
import { meanGradient } from './mean_gradient.ts';
import { meanOfSums } from './mean_of_sums.ts';
import { sumsOfSamples } from './sum.ts';

export const mean = reductionOp({
  name: 'mean',
  doc: 'The mean over axes (Keras: mean). Over N it divides by the actual batch.',
  dtypes: ['f32'],
  rules: (b, _, extents) => ({
    combine: 'add',
    init: 0,
    finish: (total) => b.div(total, countOf(b, extents)),
  }),
  gradient: (g, x, axes, _y, dy) => {
    const kept = reshaped(g, dy, reducedShape(x.type.shape, axes, true));
    const shape = withoutBatch(x.type.shape);
    return g.emit(meanGradient, { dy: kept }, { shape, batch: hasBatch(x.type.shape) });
  },
  bySample: (g, x, axes, keepdims) => {
    const parts = sumsOfSamples(g, x, axes, keepdims);
    return parts && g.emit(meanOfSums, { x: parts.sums }, { count: parts.count, keepdims });
  },
});
