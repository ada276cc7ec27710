/** Schedules that try steps: what does not fit is undone, what is a bug comes to light. */
import { expect, it } from 'vitest';
import { invariant } from '../../compiler/base/invariant.ts';
import { parseKernel } from '../../compiler/loop/parse.ts';
import { StepError } from '../../compiler/loop/transform/step-error.ts';
import { Scheduling } from '../../compiler/schedule/steps.ts';

const kernel = parseKernel(`kernel k [elementwise](x: f32[6]) -> (y: f32[6]) {
  for i: 6 in 0..6 {
    y[i] = x[i]
  }
}`);
const split = { step: 'split', axis: 'i', size: 4, block: 'b', inner: 'j', rest: 'r' } as const;

it('keeps steps that fit', () => {
  const s = new Scheduling(kernel);
  expect(s.attempt(split, { step: 'vectorize', axis: 'j' })).toBe(true);
  expect(s.steps.map(({ step }) => step)).toEqual(['split', 'vectorize']);
});

it('undoes all steps of an attempt where one does not fit', () => {
  const s = new Scheduling(kernel);
  s.apply({ step: 'simplify' });
  const before = s.kernel;
  expect(s.attempt(split, { step: 'vectorize', axis: 'r' })).toBe(false);
  expect(s.kernel).toBe(before);
  expect(s.steps).toEqual([{ step: 'simplify' }]);
  expect(() => s.apply({ step: 'vectorize', axis: 'i' })).toThrow(StepError);
});

it('does not take a bug for a step that does not fit', () => {
  const s = new Scheduling(kernel);
  expect(() => s.transaction(() => invariant(false, 'a bug'))).toThrow('a bug');
});
