/** What the user may have meant. */
import type { Note } from '../base/diagnostic.ts';
import { didYouMean } from '../base/suggest.ts';

/** "did you mean `relu`?" as a note, or none. */
export function suggestion(name: string, candidates: Iterable<string>): readonly Note[] {
  const meant = meantName(name, candidates);
  return meant === undefined ? [] : [{ message: `did you mean \`${meant}\`?` }];
}

/** What PyTorch, Keras and everyday speech call things that have another name here. */
const otherNames: Readonly<Record<string, string>> = {
  AdaptiveAvgPool2d: 'GlobalAveragePooling2D',
  Add: 'a + b',
  AveragePool2D: 'AveragePooling2D',
  AvgPool2D: 'AveragePooling2D',
  AvgPool2d: 'AveragePooling2D',
  AvgPooling2D: 'AveragePooling2D',
  BCELoss: 'binary_crossentropy',
  BatchNorm: 'BatchNormalization',
  BatchNorm1d: 'BatchNormalization',
  BatchNorm2d: 'BatchNormalization',
  Concat: 'Concatenate',
  CrossEntropyLoss: 'sparse_categorical_crossentropy',
  False: 'false',
  GlobalAvgPool2D: 'GlobalAveragePooling2D',
  GlobalAvgPooling2D: 'GlobalAveragePooling2D',
  Linear: 'Dense',
  MSELoss: 'mean_squared_error',
  MaxPool: 'MaxPooling2D',
  MaxPool2D: 'MaxPooling2D',
  MaxPool2d: 'MaxPooling2D',
  Multiply: 'a * b',
  Normalization: 'Rescaling',
  True: 'true',
  acc: 'accuracy',
  avg: 'mean',
  bce: 'binary_crossentropy',
  cat: 'Concatenate',
  concat: 'Concatenate',
  cross_entropy: 'sparse_categorical_crossentropy',
  he_uniform: 'he_normal',
  kaiming_normal: 'he_normal',
  mae: 'mean_absolute_error',
  matrix_multiply: 'matmul',
  mse: 'mean_squared_error',
  sparse_categorical_accuracy: 'accuracy',
  xavier_uniform: 'glorot_uniform',
};

export function meantName(name: string, candidates: Iterable<string>): string | undefined {
  if (Object.hasOwn(otherNames, name)) return otherNames[name];
  const all = [...candidates];
  const sameLetters = all.find((candidate) => squash(candidate) === squash(name));
  const sameCase = all.filter((candidate) => isCapital(candidate) === isCapital(name));
  return sameLetters ?? didYouMean(name, sameCase) ?? didYouMean(name, all);
}

/** Layers are written with a capital, ops without. */
const isCapital = (name: string): boolean => /^[A-Z]/.test(name);
const squash = (name: string): string => name.replaceAll('_', '').toLowerCase();
