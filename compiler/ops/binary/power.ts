import { binaryOp } from '../support/elementwise.ts';
import { greater } from './greater.ts';
import { multiply } from './multiply.ts';
import { subtract } from './subtract.ts';
import { where } from './where.ts';
import { log } from '../unary/log.ts';

export const power = binaryOp({
  name: 'power',
  doc: 'Elementwise a^b, computed as e^(b * log |a|); a negative a takes whole b only, else NaN.',
  element: (b, x, y) => {
    const magnitude = b.let('magnitude', b.exp(b.mul(y, b.log(b.abs(x)))));
    const odd = b.compare('!=', y, b.mul(b.floor(b.mul(y, 0.5)), 2));
    const whole = b.select(odd, b.neg(magnitude), magnitude);
    const negative = b.select(b.compare('==', b.floor(y), y), whole, b.log(x));
    const general = b.select(b.compare('<', x, 0), negative, magnitude);
    // 0 * log 0 would be NaN, but a^0 is 1 for every a.
    return b.select(b.compare('==', y, 0), 1, general);
  },
  gradient: (g, { a, b }, y, dy) => {
    const less = g.emit(power, { a, b: g.emit(subtract, { a: b, b: g.constant(1) }) });
    const da = g.emit(multiply, { a: dy, b: g.emit(multiply, { a: b, b: less }) });
    // The logarithm of a number that is not positive is no use: there the gradient of b is 0.
    const positive = g.emit(greater, { a, b: g.constant(0) });
    const logarithm = g.emit(log, { x: g.emit(where, { condition: positive, a, b: g.constant(1) }) });
    const db = g.emit(multiply, { a: dy, b: g.emit(multiply, { a: y, b: logarithm }) });
    return { a: da, b: db };
  },
  samples: [
    { operands: { a: { shape: [2, 3], range: [0.3, 2] }, b: { shape: [2, 3] } } },
    { operands: { a: { shape: ['N', 2, 3], range: [0.3, 2] }, b: { shape: [3] } } },
    { operands: { a: { shape: [2, 1, 3], range: [0.3, 2] }, b: { shape: [4, 1] } } },
    { operands: { a: { shape: [], range: [0.3, 2] }, b: { shape: ['N', 2] } } },
    { operands: { a: { shape: ['N', 1], range: [0.3, 2] }, b: { shape: ['N', 3] } } },
    { operands: { a: { shape: [4], values: [-1.5, -0.5, 0.5, 2] }, b: { shape: [], values: [3] } } },
  ],
});
