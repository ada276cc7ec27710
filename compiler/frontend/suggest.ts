/** What the user may have meant. */
import type { Fix, Note } from '../base/diagnostic.ts';
import type { Span } from '../base/source.ts';
import { didYouMean } from '../base/suggest.ts';

/** "did you mean `relu`?" as a note, or none. */
export const suggestion = (name: string, candidates: Iterable<string>): readonly Note[] =>
  guess(meantName(name, candidates));

/** The same of what is known to have been meant. */
export const guess = (meant: string | undefined): readonly Note[] =>
  meant === undefined ? [] : [{ message: `did you mean \`${meant}\`?` }];

/** Writes `meant` in place of what stands there. */
export const writing = (meant: string, span: Span): Fix => ({
  title: `write \`${meant}\``,
  edits: [{ span, text: meant }],
});

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
  double: 'f32',
  float: 'f32',
  float32: 'f32',
  float64: 'f32',
  he_uniform: 'he_normal',
  int32: 'i32',
  int64: 'i32',
  kaiming_normal: 'he_normal',
  mae: 'mean_absolute_error',
  long: 'i32',
  matrix_multiply: 'matmul',
  mse: 'mean_squared_error',
  sparse_categorical_accuracy: 'accuracy',
  uint8: 'u8',
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
