import { expect, it } from 'vitest';
import { didYouMean } from '../../compiler/base/suggest.ts';

const layers = ['Conv2D', 'Dense', 'MaxPooling2D', 'AveragePooling2D', 'Flatten', 'leaky_relu', 'relu'];

it.each([
  ['Conv2d', 'Conv2D'],
  ['conv2d', 'Conv2D'],
  ['Convv2D', 'Conv2D'],
  ['Dens', 'Dense'],
  ['Denes', 'Dense'],
  ['MaxPool2D', 'MaxPooling2D'],
  ['LeakyRelu', 'leaky_relu'],
  ['leakyrelu', 'leaky_relu'],
  ['ReLU', 'relu'],
  ['rleu', 'relu'],
])('%s → %s', (name, meant) => {
  expect(didYouMean(name, layers)).toBe(meant);
});

it('suggests nothing that is far away', () => {
  expect(didYouMean('LSTM', layers)).toBeUndefined();
  expect(didYouMean('x', layers)).toBeUndefined();
  expect(didYouMean('', layers)).toBeUndefined();
  expect(didYouMean('Dense', [])).toBeUndefined();
});

it('suggests neither the name itself nor anything for very long names', () => {
  expect(didYouMean('relu', ['relu'])).toBeUndefined();
  expect(didYouMean('a'.repeat(1_000_000), ['a'.repeat(999_999)])).toBeUndefined();
});

it('takes names of objects as names', () => {
  expect(didYouMean('constructr', ['constructor', '__proto__'])).toBe('constructor');
});
