import { describe, expect, it } from 'vitest';
import { InstanceNames, kerasName } from '../../compiler/frontend/names.ts';
import { chain, codesOf, modelOf, paramNames } from './support.ts';

/** Instance paths: the names of params without their last part, once each. */
const paths = (text: string): readonly string[] => [
  ...new Set(paramNames(modelOf(text)).map((name) => name.split('.').slice(0, -1).join('.'))),
];

describe('Keras names', () => {
  it.each([
    ['Conv2D', 'conv2d'],
    ['MaxPooling2D', 'max_pooling2d'],
    ['BatchNormalization', 'batch_normalization'],
    ['Dense', 'dense'],
    ['ReLU', 're_lu'],
    ['PReLU', 'p_re_lu'],
    ['GlobalAveragePooling2D', 'global_average_pooling2d'],
    ['relu', 'relu'],
    ['ResNet20', 'res_net20'],
  ])('%s is %s', (name, keras) => expect(kerasName(name)).toBe(keras));

  it('are counted from the second on', () => {
    const names = new InstanceNames('block', new Set(['dense_1']));
    expect([names.next('Dense'), names.next('Dense'), names.next('Conv2D')]).toEqual([
      'block.dense',
      'block.dense_2',
      'block.conv2d',
    ]);
  });
});

describe('parameters', () => {
  it('are named by `as`, else counted', () => {
    expect(paths(chain('f32[4]', 'Dense(4) -> Dense(4) as second -> Dense(4)'))).toEqual([
      'dense',
      'second',
      'dense_1',
    ]);
  });

  it('are counted anew inside each bound value', () => {
    const text = `model Net {
  input x: f32[4]
  a = x -> Dense(4) -> Dense(4)
  b = x -> Dense(4)
  a + b -> Dense(4) -> output y
}
`;
    expect(paths(text)).toEqual(['a.dense', 'a.dense_1', 'b.dense', 'dense']);
  });

  it('keep their names when something else is edited', () => {
    const text = (before: string) => `model Net {
  input x: f32[4]
  a = x ${before}
  b = x -> Dense(4) -> Dense(4)
  a + b -> Dense(4) as last -> output y
}
`;
    const kept = ['b.dense', 'b.dense_1', 'last'];
    expect(paths(text('-> Dense(4)'))).toEqual(['a.dense', ...kept]);
    expect(paths(text('-> Dense(4) -> Dense(4) -> relu -> Dense(4)')).slice(-3)).toEqual(kept);
    expect(paths(text('-> for i in 0 { -> Dense(4) }'))).toEqual(kept);
  });

  it('do not collide with bindings', () => {
    expect(paths(chain('f32[4]', 'Dense(4) -> Dense(4) as dense -> Dense(4)'))).toEqual([
      'dense_1',
      'dense',
      'dense_2',
    ]);
  });

  it('of a layer passed as a stage are named after the layer, inside the one that uses it', () => {
    const scale = `layer Scale()(x: f32[N, ..., c]) {
  param factor: f32[c] = ones
  return x * factor
}
`;
    const model = modelOf(
      chain('f32[4]', 'Dense(4, activation: Scale) -> Dense(2, activation: Scale)', scale),
    );
    expect(paramNames(model)).toContain('dense_1.scale.factor');
  });

  it('are given anew at each use of a stage that is bound to a name', () => {
    const text = `model Net {
  input x: f32[4]
  block = Dense(4)
  x -> block -> block -> output y
}
`;
    expect(paths(text)).toEqual(['dense', 'dense_1']);
  });

  it('of a model used as a stage stand under its name', () => {
    const text = `model Backbone {
  input x: f32[4]
  x -> Dense(3) as features -> output z
}
model Net {
  input x: f32[4]
  x -> Backbone as back -> Dense(2) as head -> output y
}
`;
    expect(paramNames(modelOf(text))).toEqual([
      'back.features.kernel',
      'back.features.bias',
      'head.kernel',
      'head.bias',
    ]);
  });

  it('of a shared layer exist once, and others do not count it', () => {
    const text = `model Net {
  input x: f32[4]
  shared twice = Dense(4)
  x -> twice -> Dense(4) -> twice -> Dense(4) -> output y
}
`;
    expect(paths(text)).toEqual(['twice', 'dense', 'dense_1']);
  });

  it('of a shared layer inside a layer belong to each instance', () => {
    const layer = `layer Pair()(x: f32[N, k]) {
  shared one = Dense(k)
  return x -> one -> one
}
`;
    expect(paths(chain('f32[4]', 'Pair -> Pair', layer))).toEqual(['pair.one', 'pair_1.one']);
  });

  it('can be read behind the name of their layer', () => {
    const text = `model Net {
  input x: f32[4]
  x -> Dense(2) as head -> output y
}
train Net {
  label truth: f32[2]
  loss: mean_squared_error(truth, y) + 0.01 * sum(square(head.kernel))
  optimizer: SGD
}
`;
    expect(
      modelOf(text).graphs.step?.nodes.some(
        ({ op, operands }) => op.name === 'square' && operands[0]?.kind === 'parameter',
      ),
    ).toBe(true);
    expect(codesOf(text.replace('head.kernel', 'head.kernal'))).toEqual(['E0213']);
  });
});
