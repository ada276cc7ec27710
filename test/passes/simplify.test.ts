import { describe, expect, it } from 'vitest';
import type { Value } from '../../compiler/graph/ir.ts';
import * as ops from '../../compiler/ops/index.ts';
import { simplify, stabilize } from '../../compiler/passes/simplify.ts';
import { algebraRules } from '../../compiler/passes/rules/algebra.ts';
import { stabilityRules } from '../../compiler/passes/rules/stability.ts';
import { dce } from '../../compiler/passes/dce.ts';
import { difference, f32, numbersFor, opNames, results, run, Sketch } from './support.ts';

type Case = (s: Sketch, x: Value, y: Value) => Value;

/** What a rule rewrites, and the ops that remain. Every rule of both sets is named here once. */
const algebra: Readonly<Record<string, readonly [Case, readonly string[]]>> = {
  'x + 0 → x': [(s, x) => s.on(ops.add, [0, x]), []],
  'x - 0 → x': [(s, x) => s.on(ops.subtract, [x, 0]), []],
  '0 - x → -x': [(s, x) => s.on(ops.subtract, [0, x]), ['negative']],
  'x * 1 → x': [(s, x) => s.on(ops.multiply, [1, x]), []],
  'x * -1 → -x': [(s, x) => s.on(ops.multiply, [x, -1]), ['negative']],
  'x / 1 → x': [(s, x) => s.on(ops.divide, [x, 1]), []],
  'power(x, 1) → x': [(s, x) => s.on(ops.power, [x, 1]), []],
  'power(x, 2) → square(x)': [(s, x) => s.on(ops.power, [x, 2]), ['square']],
  '-(-x) → x': [(s, x) => s.on(ops.negative, [s.on(ops.negative, [x])]), []],
  '-(a - b) → b - a': [(s, x, y) => s.on(ops.negative, [s.on(ops.subtract, [x, y])]), ['subtract']],
  'a + -b → a - b': [(s, x, y) => s.on(ops.add, [s.on(ops.negative, [x]), y]), ['subtract']],
  'a - -b → a + b': [(s, x, y) => s.on(ops.subtract, [x, s.on(ops.negative, [y])]), ['add']],
  'not not x → x': [
    (s, x, y) => {
      const less = s.on(ops.less, [x, y]);
      const twice = s.on(ops.logicalNot, [s.on(ops.logicalNot, [less])]);
      return s.on(ops.cast, [twice], { to: 'f32' });
    },
    ['less', 'cast'],
  ],
  'where(true, a, b) → a': [
    (s, x, y) => s.on(ops.where, [s.g.filled(1, { dtype: 'bool', shape: [] }), x, y]),
    [],
  ],
  'where(false, a, b) → b': [
    (s, x, y) => s.on(ops.where, [s.g.filled(0, { dtype: 'bool', shape: [] }), x, y]),
    [],
  ],
  'where(c, a, a) → a': [(s, x, y) => s.on(ops.where, [s.on(ops.less, [x, y]), x, x]), []],
  'cast(x) of its own type → x': [(s, x) => s.on(ops.cast, [x], { to: 'f32' }), []],
  'reshape(x) of its own shape → x': [(s, x) => s.on(ops.reshape, [x], { shape: [2, 3] }), []],
  'broadcast_to(x) of its own shape → x': [
    (s, x) => s.on(ops.broadcastTo, [x], { shape: [2, 3], batch: true }),
    [],
  ],
  'slice(x) of all of it → x': [(s, x) => s.on(ops.slice, [x], { axis: -1, start: 0, size: 3 }), []],
  'concatenate([x]) → x': [(s, x) => s.on(ops.concatenate, [x]), []],
  'reshape(reshape(x)) → reshape(x)': [
    (s, x) => s.on(ops.reshape, [s.on(ops.reshape, [x], { shape: [6] })], { shape: [3, 2] }),
    ['reshape'],
  ],
  'transpose(x) in order → x': [(s, x) => s.on(ops.transpose, [x], { permutation: [0, 1, 2] }), []],
  'transpose(transpose(x)) → transpose(x)': [
    (s, x) => {
      const four = s.on(ops.reshape, [x], { shape: [1, 2, 3] });
      const once = s.on(ops.transpose, [four], { permutation: [0, 3, 1, 2] });
      return s.on(ops.transpose, [once], { permutation: [0, 2, 1, 3] });
    },
    ['reshape', 'transpose'],
  ],
};

describe('simplify', () => {
  it.each(algebraRules.map(({ name }) => name))('%s', (name) => {
    const [make, left] = algebra[name] ?? [];
    if (make === undefined) throw new Error('this rule has no test');
    const s = new Sketch();
    const [x, y] = [s.input('x', f32('N', 2, 3)), s.input('y', f32('N', 2, 3))];
    const before = s.returning({ y: make(s, x, y) }).graph();
    const after = run(dce, run(simplify, before));
    expect(opNames(after)).toEqual(left);
    const numbers = numbersFor(before, 3);
    expect(difference(results(before, numbers, 3), results(after, numbers, 3))).toBeLessThan(1e-15);
  });

  it('keeps what would change the type: x * ones of a larger shape', () => {
    const s = new Sketch();
    const x = s.param('x', f32(3));
    const wide = s.on(ops.multiply, [x, s.g.filled(1, f32(2, 3))]);
    const after = run(simplify, s.returning({ wide }).graph());
    expect(opNames(after)).toEqual(['multiply']);
  });

  it('rewrites what a rewrite made: --(-(a - b)) and relu of relu', () => {
    const s = new Sketch();
    const [a, b] = [s.input('a', f32('N')), s.input('b', f32('N'))];
    const minus = (x: Value): Value => s.on(ops.negative, [x]);
    const value = s.on(ops.relu, [s.on(ops.relu, [minus(minus(minus(s.on(ops.subtract, [a, b]))))])]);
    expect(opNames(run(dce, run(simplify, s.returning({ value }).graph())))).toEqual(['subtract', 'relu']);
  });

  it('drops stop_gradient, but not while something is left to differentiate', () => {
    const s = new Sketch();
    const x = s.param('x', f32(3));
    const y = s.on(ops.sum, [s.on(ops.square, [s.on(ops.stopGradient, [x])])]);
    expect(opNames(run(simplify, s.returning({ y }).graph()))).toEqual(['square', 'sum']);
    const open = s.returning({ dx: s.on(ops.gradient, [y, x]) }).graph();
    expect(opNames(run(simplify, open))).toContain('stop_gradient');
  });
});

const stability: Readonly<Record<string, readonly [Case, readonly string[]]>> = {
  'log(exp(z) / s) → z - log(s)': [
    (s, x) => {
      const e = s.on(ops.exp, [x]);
      const total = s.on(ops.sum, [e], { axes: [-1], keepdims: true });
      return s.on(ops.log, [s.on(ops.divide, [e, total])]);
    },
    ['exp', 'sum', 'log', 'subtract'],
  ],
  'log(sigmoid(x)) → -softplus(-x)': [
    (s, x) => s.on(ops.log, [s.on(ops.sigmoid, [x])]),
    ['negative', 'softplus', 'negative'],
  ],
  '1 - sigmoid(x) → sigmoid(-x)': [
    (s, x) => s.on(ops.subtract, [1, s.on(ops.sigmoid, [x])]),
    ['negative', 'sigmoid'],
  ],
  '-(-x) → x': [
    (s, x) => s.on(ops.log, [s.on(ops.subtract, [1, s.on(ops.sigmoid, [x])])]),
    ['softplus', 'negative'],
  ],
  'log(reshape(x)) → reshape(log(x))': [
    (s, x) => s.on(ops.log, [s.on(ops.reshape, [s.on(ops.sigmoid, [x])], { shape: [6] })]),
    ['negative', 'softplus', 'negative', 'reshape'],
  ],
  '1 - reshape(x) → reshape(1 - x)': [
    (s, x) =>
      s.on(ops.log, [s.on(ops.subtract, [1, s.on(ops.reshape, [s.on(ops.sigmoid, [x])], { shape: [6] })])]),
    ['softplus', 'negative', 'reshape'],
  ],
};

describe('stabilize', () => {
  it.each(stabilityRules.map(({ name }) => name))('%s', (name) => {
    const [make, left] = stability[name] ?? [];
    if (make === undefined) throw new Error('this rule has no test');
    const s = new Sketch();
    const [x, y] = [s.input('x', f32('N', 2, 3)), s.input('y', f32('N', 2, 3))];
    const before = s.returning({ y: make(s, x, y) }).graph();
    const after = run(dce, run(stabilize, before));
    expect(opNames(after)).toEqual(left);
    const numbers = numbersFor(before, 2, { low: -3, high: 3 });
    expect(difference(results(before, numbers, 2), results(after, numbers, 2))).toBeLessThan(1e-12);
  });

  it('keeps logarithms finite where the formula is not', () => {
    const s = new Sketch();
    const x = s.input('x', f32('N', 2));
    const peak = s.on(ops.max, [x], { axes: [-1], keepdims: true });
    const e = s.on(ops.exp, [s.on(ops.subtract, [x, peak])]);
    const softmax = s.on(ops.divide, [e, s.on(ops.sum, [e], { axes: [-1], keepdims: true })]);
    const p = s.on(ops.sigmoid, [x]);
    const before = s
      .returning({
        softmax: s.on(ops.log, [softmax]),
        yes: s.on(ops.log, [p]),
        no: s.on(ops.log, [s.on(ops.subtract, [1, p])]),
      })
      .graph();
    const numbers = { x: [-1000, 1000, 100, -100] };
    const plain = Object.values(results(before, numbers, 2)).flatMap(({ data }) => data);
    const stable = results(run(stabilize, before), numbers, 2);
    expect(plain.every(Number.isFinite)).toBe(false);
    expect(stable['softmax']?.data).toEqual([-2000, 0, 0, -200]);
    expect(stable['yes']?.data.map((v) => Math.round(v) + 0)).toEqual([-1000, 0, 0, -100]);
    expect(stable['no']?.data.map((v) => Math.round(v) + 0)).toEqual([0, -1000, -100, 0]);
  });
});
