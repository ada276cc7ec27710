/** E05: `train` blocks and what happens in training only. */
import type { Code, CodePage } from '../../base/diagnostic.ts';

const page = (title: string, explanation: string, wrong: string, right: string): CodePage => ({
  title,
  explanation,
  wrong,
  right,
});

/** A small classifier with the given output stage and train entries. */
const classifier = (output: string, ...entries: readonly string[]): string => `model Net {
  input x: f32[4]
  x -> ${output}
}
train Net {
${entries.map((entry) => `  ${entry}\n`).join('')}}
`;

const three = 'Dense(3, activation: softmax) -> output kind(classes: ["a", "b", "c"])';
const fine = classifier(
  three,
  'label truth: i32',
  'loss: sparse_categorical_crossentropy(truth, kind)',
  'metrics: [accuracy(truth, kind)]',
  'optimizer: Adam',
);

export const trainingCodes: Readonly<Record<Code, CodePage>> = {
  E0501: page(
    'A `train` block needs a loss and an optimizer',
    '`loss:` is one number per sample to make small, `optimizer:` how. `metrics`, `batch_size` (32) and `epochs` (10) may be left out.',
    classifier(three, 'label truth: i32', 'loss: sparse_categorical_crossentropy(truth, kind)'),
    fine,
  ),
  E0502: page(
    'The loss is not one number per sample',
    'A loss has the type f32[N]: the trainer averages over the batch. `mean(…, keep: [0])` averages over everything else.',
    classifier('Dense(3) -> output y', 'label truth: f32[3]', 'loss: square(truth - y)', 'optimizer: SGD'),
    classifier(
      'Dense(3) -> output y',
      'label truth: f32[3]',
      'loss: mean(square(truth - y), keep: [0])',
      'optimizer: SGD',
    ),
  ),
  E0503: page(
    'A metric is not one number per sample',
    'A metric has the type f32[N], like a loss; it is averaged over the samples of an epoch.',
    classifier(
      'Dense(3) -> output y',
      'label truth: f32[3]',
      'loss: mean_squared_error(truth, y)',
      'metrics: [abs(truth - y)]',
      'optimizer: SGD',
    ),
    classifier(
      'Dense(3) -> output y',
      'label truth: f32[3]',
      'loss: mean_squared_error(truth, y)',
      'metrics: [mean_absolute_error(truth, y)]',
      'optimizer: SGD',
    ),
  ),
  E0504: page(
    'This is no optimizer',
    'An optimizer is a layer of (weight, gradient) that returns the new weight, with its memory as `state`.',
    fine.replace('Adam', '0.001'),
    fine.replace('Adam', 'Adam(learning_rate: 0.001)'),
  ),
  E0505: page(
    'The label does not fit the loss or the classes',
    'The type of a label is its encoding: `i32` a class index, `f32[1]` 0 or 1, `f32[k]` one-hot or targets. ' +
      '`sparse_categorical_crossentropy` takes the index, `categorical_crossentropy` one-hot, `binary_crossentropy` what has the shape ' +
      'of the prediction.',
    fine.replace('truth: i32', 'truth: f32[3]'),
    fine,
  ),
  E0506: page(
    'Class names do not fit the output',
    'An output of k numbers has k different class names; an output of one number has two, for below and above 0.5.',
    fine.replace('["a", "b", "c"]', '["a", "b"]'),
    fine,
  ),
  E0507: page(
    '`augment` does not fit an input',
    '`augment` changes inputs of the model, in training only, and must give back the type of the input.',
    fine.replace('label truth: i32', 'label truth: i32\n  augment x -> Dense(3)'),
    fine.replace('label truth: i32', 'label truth: i32\n  augment x -> Dropout(0.1)'),
  ),
  E0508: page(
    'There is no such setting',
    'A `train` block sets loss, metrics, optimizer, batch_size and epochs, and has `label` and `augment` entries.',
    fine.replace('optimizer: Adam', 'optimizer: Adam\n  batchsize: 64'),
    fine.replace('optimizer: Adam', 'optimizer: Adam\n  batch_size: 64'),
  ),
  E0509: page(
    'A parameter does not learn',
    'A param that no output depends on has no effect, and one that the loss does not depend on stays as it began. ' +
      'This is a warning: behind `stop_gradient` it is what was asked for.',
    `model Net {
  input x: f32[4]
  x -> Dense(3) -> output kind
  x -> Dense(2) -> output other
}
train Net {
  label truth: f32[3]
  loss: mean_squared_error(truth, kind)
  optimizer: SGD
}
`,
    `model Net {
  input x: f32[4]
  x -> Dense(3) -> output kind
  x -> Dense(2) -> output other
}
train Net {
  label truth: f32[3]
  label second: f32[2]
  loss: mean_squared_error(truth, kind) + mean_squared_error(second, other)
  optimizer: SGD
}
`,
  ),
  E0510: page(
    'This exists in training only',
    'Random numbers and `step` belong to a training step: predictions are the same every time. `if training then … else …` ' +
      'says what happens otherwise.',
    `layer Noise()(x: f32[N, k]) {
  return x + random_uniform(shape: x.shape)
}
model Net {
  input x: f32[4]
  x -> Noise -> output y
}
`,
    `layer Noise()(x: f32[N, k]) {
  return if training then x + random_uniform(shape: x.shape) else x
}
model Net {
  input x: f32[4]
  x -> Noise -> output y
}
`,
  ),
  E0511: page(
    'There is nothing to train',
    'The loss does not depend on any param, or only through whole numbers and truth values, which have no gradient: ' +
      'accuracy is a metric, not a loss.',
    fine.replace('sparse_categorical_crossentropy(truth, kind)', 'accuracy(truth, kind)'),
    fine,
  ),
  E0512: page(
    'A name depends on `training`',
    'Layers without a name are counted as they are instantiated. Where `training` decides which ones there are, the same count ' +
      'would mean one layer in training and another one in inference. Names given with `as` do not count.',
    `model Net {
  input x: f32[4]
  hidden = x -> Identity
  hidden -> output y
}
layer Identity()(x: f32[N, k]) {
  y = if training then x -> Dense(k) -> relu else x
  return y -> Extra
}
layer Extra()(x: f32[N, k]) {
  return if training then x -> Dense(k) -> Dense(k) else relu(x) -> Dense(k)
}
train Net {
  label truth: f32[4]
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`,
    `layer Extra()(x: f32[N, k]) {
  y = if training then x -> Dense(k) as first else x
  return y -> Dense(k) as second
}
model Net {
  input x: f32[4]
  x -> Extra -> output y
}
train Net {
  label truth: f32[4]
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`,
  ),
  E0513: page(
    'An op without a gradient on the way to the loss',
    'The layers before it could not learn through it. `stop_gradient` says that they need not; `augment` is the place for ' +
      'translations.',
    `layer Shift()(x: f32[N, h, w, c]) {
  return translate(x, random_uniform(shape: [N, 2]))
}
model Net {
  input image: f32[8, 8, 1]
  image -> Conv2D(2, 3x3) -> Move -> GlobalAveragePooling2D -> output y
}
layer Move()(x: f32[N, h, w, c]) {
  return if training then x -> Shift else x
}
train Net {
  label truth: f32[2]
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`,
    `model Net {
  input image: f32[8, 8, 1]
  image -> Conv2D(2, 3x3) -> GlobalAveragePooling2D -> output y
}
train Net {
  label truth: f32[2]
  augment image -> RandomTranslation(0.1, 0.1)
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`,
  ),
  E0514: page(
    'The logarithm of what is no probability',
    'The cross-entropies take logarithms of probabilities. `softmax` makes them of one number per class, `sigmoid` of a single ' +
      'number; without these, the first step gives NaN. In a loss, the truth stands before the prediction.',
    `model Net {
  input x: f32[4]
  x -> Dense(3) -> output y
}
train Net {
  label truth: i32
  loss: sparse_categorical_crossentropy(truth, y)
  optimizer: SGD
}
`,
    `model Net {
  input x: f32[4]
  x -> Dense(3, activation: softmax) -> output y
}
train Net {
  label truth: i32
  loss: sparse_categorical_crossentropy(truth, y)
  optimizer: SGD
}
`,
  ),
};
