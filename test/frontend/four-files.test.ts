import { describe, expect, it } from 'vitest';
import { formatType } from '../../compiler/base/types.ts';
import { verifyGraph } from '../../compiler/graph/verify.ts';
import { countOf, modelOf, opsOf, paramNames, persistentsOf } from './support.ts';

const digits = `/// Handwritten digits.
model Digits(width: int = 32) {
  input image: u8[28, 28, 1]
  image
    -> Rescaling(1 / 255)
    -> Conv2D(width, 3x3, activation: relu)
    -> MaxPooling2D(2x2)
    -> Conv2D(2 * width, 3x3, activation: leaky_relu(negative_slope: 0.1)) as features
    -> MaxPooling2D(2x2)
    -> Flatten
    -> Dense(10, activation: softmax) as head
    -> output digit(classes: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"])
}
train Digits {
  label truth: i32
  augment image -> RandomTranslation(0.1, 0.1)
  loss: sparse_categorical_crossentropy(truth, digit)
  metrics: [accuracy(truth, digit)]
  optimizer: Adam(learning_rate: 0.001)
  batch_size: 32
  epochs: 10
}
`;
const residual = `layer Residual(filters: int, strides: size = 1, norm: stage = BatchNormalization)(x: f32[N, h, w, c]) {
  main = x
    -> Conv2D(filters, 3x3, strides: strides, padding: same, use_bias: false) -> norm -> relu
    -> Conv2D(filters, 3x3, padding: same, use_bias: false) -> norm
  skip = if strides == 1 and c == filters then x
         else x -> Conv2D(filters, 1x1, strides: strides, use_bias: false) -> norm
  return main + skip -> relu
}
model ResNet20 {
  input image: u8[32, 32, 3]
  image
    -> Rescaling(1 / 255)
    -> Conv2D(16, 3x3, padding: same, use_bias: false) as stem -> BatchNormalization -> relu
    -> for width in [16, 32, 64] {
      -> Residual(width, strides: if width == 16 then 1 else 2)
      -> for i in 2 { -> Residual(width) }
    }
    -> GlobalAveragePooling2D
    -> Dense(10, activation: softmax) as head
    -> output kind(classes: "cifar10.txt")
}
`;
const classes = 'airplane\nautomobile\r\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\n\ntruck\n';
const detector = `import Residual from "./residual.cnn"
layer Eye(filters: int)(x: u8[N, h, w, c]) {
  return x -> Rescaling(1 / 255) -> Residual(filters, strides: 2) -> GlobalAveragePooling2D
}
model Detector {
  input left: u8[64, 64, 3]
  input right: u8[64, 64, 3]
  shared eye = Eye(16)
  a = left -> eye
  b = right -> eye
  both = [a, b] -> Concatenate -> Dense(32, activation: relu)
  both -> Dense(3, activation: softmax) as what -> output kind(classes: ["cat", "dog", "none"])
  both -> Dense(4) as where -> output box
}
train Detector {
  label kind_truth: i32
  label box_truth: f32[4]
  loss: sparse_categorical_crossentropy(kind_truth, kind) + 0.5 * mean_squared_error(box_truth, box)
  metrics: [accuracy(kind_truth, kind), mean_absolute_error(box_truth, box)]
  optimizer: SGD(learning_rate: 0.05, momentum: 0.9)
  batch_size: 64
  epochs: 20
}
`;
const norm = `layer RunningNorm(momentum: float = 0.99, epsilon: float = 0.001, use_bias: bool = true)(x: f32[N, ..., c]) {
  param scale: f32[c] = ones
  param bias: f32[c] = zeros
  state power: f32[c] = ones
  now = mean(square(x), keep: [-1])
  set power = momentum * power + (1 - momentum) * now
  y = x * scale / sqrt((if training then now else power) + epsilon)
  return if use_bias then y + bias else y
}
layer SGD(learning_rate: float = 0.01, momentum: float = 0)(weight: f32[...s], gradient: f32[...s]) {
  state velocity: f32[...s] = zeros
  v = momentum * velocity - learning_rate * gradient
  set velocity = v
  return weight + v
}
`;

describe('digits.cnn', () => {
  const model = modelOf(digits);

  it('has the parameters of its layers, by hand', () => {
    expect(persistentsOf(model)).toEqual([
      'param conv2d.kernel: f32[3, 3, 1, 32]',
      'param conv2d.bias: f32[32]',
      'param features.kernel: f32[3, 3, 32, 64]',
      'param features.bias: f32[64]',
      'param head.kernel: f32[1600, 10]',
      'param head.bias: f32[10]',
    ]);
    expect(countOf(model, 'param')).toBe(3 * 3 * 32 + 32 + 3 * 3 * 32 * 64 + 64 + 5 * 5 * 64 * 10 + 10);
  });

  it('says what stands outside of it', () => {
    expect(model.inputs).toEqual([{ name: 'image', type: { dtype: 'u8', shape: [28, 28, 1] } }]);
    expect(model.outputs).toMatchObject([{ name: 'digit', type: { dtype: 'f32', shape: [10] } }]);
    expect(model.outputs[0]?.classes).toEqual([...'0123456789']);
    expect(model.training).toEqual({
      labels: [{ name: 'truth', type: { dtype: 'i32', shape: [] } }],
      metrics: ['accuracy'],
      batchSize: 32,
      epochs: 10,
      classLabels: [{ label: 'truth', output: 'digit' }],
      classCounts: [{ label: 'truth', classes: 10 }],
    });
  });

  it('augments in the step graph only', () => {
    expect(opsOf(model.graphs.step)).toContain('translate');
    expect(opsOf(model.graphs.infer)).not.toContain('translate');
    expect(opsOf(model.graphs.evaluate)).not.toContain('translate');
  });

  it('returns and updates what the contract says', () => {
    const names = (graph = model.graphs.step) =>
      graph?.returns.map(({ name, value }) => `${name}: ${formatType(value.type)}`);
    expect(names(model.graphs.infer)).toEqual(['digit: f32[N, 10]']);
    expect(names(model.graphs.evaluate)).toEqual(['loss: f32[N]', 'accuracy: f32[N]']);
    expect(names()).toEqual(['loss: f32[N]', 'accuracy: f32[N]', '$finite: bool[]']);
    const updated = new Set(model.graphs.step?.updates.map(({ target }) => target));
    expect(updated).toEqual(new Set(model.persistent.map(({ name }) => name)));
    const inputs = model.graphs.step?.parameters
      .filter(({ role }) => role === 'input')
      .map(({ name }) => name);
    expect(inputs).toEqual(['image', 'truth', '$seed', '$step']);
  });

  it('takes its width from outside', () => {
    const wide = modelOf(digits, { set: { width: '8', epochs: '3', batch_size: '16' } });
    expect(countOf(wide, 'param')).toBe(3 * 3 * 8 + 8 + 3 * 3 * 8 * 16 + 16 + 5 * 5 * 16 * 10 + 10);
    expect(wide.training).toMatchObject({ batchSize: 16, epochs: 3 });
  });
});

describe('residual.cnn', () => {
  const model = modelOf(residual, {}, { 'cifar10.txt': classes });

  it('has the parameters of ResNet-20 with 1x1 projections, by hand', () => {
    const conv = (size: number, from: number, to: number) => size * size * from * to;
    let params = conv(3, 3, 16) + 2 * 16;
    let states = 2 * 16;
    let from = 16;
    for (const width of [16, 32, 64]) {
      for (let block = 0; block < 3; block++) {
        const projected = block === 0 && width !== 16;
        params += conv(3, from, width) + conv(3, width, width) + (projected ? conv(1, from, width) : 0);
        params += (projected ? 3 : 2) * 2 * width;
        states += (projected ? 3 : 2) * 2 * width;
        from = width;
      }
    }
    expect(countOf(model, 'param')).toBe(params + 64 * 10 + 10);
    expect(countOf(model, 'state')).toBe(states);
  });

  it('names them by the paths of bindings', () => {
    const names = paramNames(model);
    expect(names).toContain('stem.kernel');
    expect(names).toContain('batch_normalization.gamma');
    expect(names).toContain('residual_2.main.conv2d.kernel');
    expect(names).toContain('residual_2.main.conv2d_1.kernel');
    expect(names).toContain('residual_3.skip.conv2d.kernel');
    expect(names).toContain('residual_3.skip.batch_normalization.beta');
    expect(names).not.toContain('residual_2.skip.conv2d.kernel');
    expect(names).toContain('head.kernel');
    expect(new Set(names).size).toBe(names.length);
  });

  it('reads class names from the file beside it', () => {
    expect(model.outputs[0]?.classes).toHaveLength(10);
    expect(model.outputs[0]?.classes?.[9]).toBe('truck');
  });

  it('lists its layers as they are nested', () => {
    const rows = model.layers.map(
      ({ path, layer, depth, output }) => `${depth} ${path} ${layer} ${output ? formatType(output) : ''}`,
    );
    expect(rows).toContain('0 residual_3 Residual f32[N, 16, 16, 32]');
    expect(rows).toContain('1 residual_3.main.conv2d Conv2D f32[N, 16, 16, 32]');
    const block = model.layers.find(({ path }) => path === 'residual_3');
    expect(block?.parameters).toBe(9 * 16 * 32 + 9 * 32 * 32 + 16 * 32 + 3 * 4 * 32);
  });
});

describe('detector.cnn', () => {
  const model = modelOf(detector, {}, { 'residual.cnn': residual, 'cifar10.txt': classes });

  it('has one set of weights for both eyes', () => {
    expect(paramNames(model)).toEqual([
      'eye.residual.main.conv2d.kernel',
      'eye.residual.main.batch_normalization.gamma',
      'eye.residual.main.batch_normalization.beta',
      'eye.residual.main.conv2d_1.kernel',
      'eye.residual.main.batch_normalization_1.gamma',
      'eye.residual.main.batch_normalization_1.beta',
      'eye.residual.skip.conv2d.kernel',
      'eye.residual.skip.batch_normalization.gamma',
      'eye.residual.skip.batch_normalization.beta',
      'both.dense.kernel',
      'both.dense.bias',
      'what.kernel',
      'what.bias',
      'where.kernel',
      'where.bias',
    ]);
    expect(opsOf(model.graphs.infer).filter((name) => name === 'conv2d')).toHaveLength(6);
  });

  it('pairs labels with the outputs that have classes', () => {
    expect(model.training?.classLabels).toEqual([{ label: 'kind_truth', output: 'kind' }]);
    expect(model.training?.metrics).toEqual(['accuracy', 'mean_absolute_error']);
  });

  it('has one velocity per weight', () => {
    const slots = model.persistent.filter(({ role }) => role === 'slot').map(({ name }) => name);
    expect(slots).toEqual(paramNames(model).map((name) => `velocity@${name}`));
  });
});

describe('norm.cnn', () => {
  const model = modelOf(`${norm}
model Net {
  input x: f32[5, 4]
  x -> RunningNorm -> RunningNorm(use_bias: false) -> output y
}
train Net {
  label truth: f32[5, 4]
  loss: mean_squared_error(truth, y)
  optimizer: SGD
}
`);

  it('leaves out a param that no taken branch reads', () => {
    expect(persistentsOf(model)).toEqual([
      'param running_norm.scale: f32[4]',
      'param running_norm.bias: f32[4]',
      'state running_norm.power: f32[4]',
      'param running_norm_1.scale: f32[4]',
      'state running_norm_1.power: f32[4]',
    ]);
  });

  it('takes its own SGD, not the one of the prelude', () => {
    // The prelude's has no velocity without momentum.
    expect(model.persistent.map(({ name }) => name)).toContain('velocity@running_norm.scale');
  });

  it('sets the state in training only', () => {
    expect(model.graphs.step?.updates.map(({ target }) => target)).toContain('running_norm.power');
    expect(model.graphs.infer.updates).toEqual([]);
  });
});

describe('all graphs of the four files', () => {
  it('hold what every graph must', () => {
    for (const text of [digits, residual, detector]) {
      const model = modelOf(text, {}, { 'residual.cnn': residual, 'cifar10.txt': classes });
      for (const graph of Object.values(model.graphs)) verifyGraph(graph);
    }
  });

  it('point at lines of the user, with the layer they belong to', () => {
    const model = modelOf(residual, {}, { 'cifar10.txt': classes });
    for (const { location } of model.graphs.infer.nodes) expect(location?.file).toBe('model.cnn');
    const node = model.graphs.infer.nodes.find(
      ({ location }) => location?.scope === 'residual_2.main.conv2d_1',
    );
    expect(node?.location).toMatchObject({ line: 4, column: 8 });
  });
});

describe('the classifiers of the issue', () => {
  it('has 223 873 parameters as in Keras', () => {
    const model = modelOf(`model Classifier {
  input image: u8[28, 28, 1]
  image -> Rescaling(1 / 255) -> Conv2D(32, 3x3, activation: relu) -> MaxPooling2D(2x2)
    -> Conv2D(64, 3x3, activation: relu) -> MaxPooling2D(2x2) -> Flatten
    -> Dense(128, activation: relu) -> Dense(1, activation: sigmoid) -> output odd
}
`);
    expect(countOf(model, 'param')).toBe(223_873);
  });

  it('has 61 706 parameters as LeNet-5', () => {
    const model = modelOf(`model LeNet5 {
  input image: u8[28, 28, 1]
  image -> Rescaling(1 / 255) -> Conv2D(6, 5x5, padding: 2, activation: relu) -> MaxPooling2D(2x2)
    -> Conv2D(16, 5x5, activation: relu) -> MaxPooling2D(2x2) -> Flatten
    -> Dense(120, activation: relu) -> Dense(84, activation: relu) -> Dense(10, activation: softmax) -> output digit
}
`);
    expect(countOf(model, 'param')).toBe(61_706);
  });
});
