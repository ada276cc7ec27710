/** What layers, optimizers and `train` require of their arguments: each mistake is told where it stands. */
import { describe, expect, it } from 'vitest';
import { analyze } from '../../compiler/frontend/index.ts';
import { prelude } from '../../compiler/generated/prelude.ts';
import { parse } from '../../compiler/syntax/index.ts';
import type { Expression, LayerDeclaration } from '../../compiler/syntax/ast.ts';

const check = (text: string) => {
  const read = (path: string) => (path === 'model.cnn' ? text : undefined);
  return analyze({ entry: 'model.cnn', read }).diagnostics.map(({ code, message, span, notes }) => ({
    code,
    message,
    at: text.slice(span.start, span.end),
    notes: notes.map((note) => note.message),
  }));
};
const net = (stage: string): string =>
  `model Net {\n  input image: f32[8, 8, 4]\n  image -> ${stage} -> output y\n}\n`;
const trained = (entries: string): string => `model Net {
  input x: f32[4]
  x -> Dense(4) -> output y
}
train Net {
  label truth: f32[4]
  loss: mean_squared_error(truth, y)
  ${entries}
}
`;

/** What stands between « and » is where the message points. */
const wrongStages = [
  'Conv2D(«0», 3x3)',
  'Conv2D(4, «0x3»)',
  'Conv2D(4, (3, 3), strides: «0»)',
  'Conv2D(4, 3, groups: «0»)',
  'Conv2D(«-1», 3, groups: 1)',
  'DepthwiseConv2D(«(3, 0)»)',
  'DepthwiseConv2D(3, strides: «0x1»)',
  'DepthwiseConv2D(3, depth_multiplier: «0»)',
  'SeparableConv2D(«0», 3)',
  'SeparableConv2D(4, «0»)',
  'SeparableConv2D(4, 3, strides: «0»)',
  'SeparableConv2D(4, 3, depth_multiplier: «-2»)',
  'Dense(«0»)',
  'MaxPooling2D(«0»)',
  'MaxPooling2D(2, strides: «0»)',
  'AveragePooling2D(«2x0»)',
  'AveragePooling2D(2, «0»)',
  'BatchNormalization(momentum: «2»)',
  'BatchNormalization(«-0.1»)',
  'BatchNormalization(epsilon: «0»)',
  'Dropout(«1»)',
  'Dropout(rate: «-0.5»)',
  'RandomTranslation(«5», 0.1)',
  'RandomTranslation(0.1, «-0.1»)',
  'LeakyReLU(«-1»)',
  'Activation(Dropout(«2»))',
  'Activation(activation: LeakyReLU(negative_slope: «-1»))',
];
const wrongEntries = [
  'optimizer: SGD(«0»)',
  'optimizer: SGD(learning_rate: «-0.01»)',
  'optimizer: SGD(momentum: «1.5»)',
  'optimizer: Adam(learning_rate: «0»)',
  'optimizer: Adam(beta_1: «1»)',
  'optimizer: Adam(beta_2: «-0.1»)',
  'optimizer: Adam(epsilon: «0»)',
];

describe('an argument that makes no sense', () => {
  it.each([
    ...wrongStages.map((stage) => [stage, net(stage)] as const),
    ...wrongEntries.map((entry) => [entry, trained(entry)] as const),
  ])('is reported once, at its place: %s', (_, marked) => {
    const found = check(marked.replace(/[«»]/gu, ''));
    expect(found.map(({ code, at }) => [code, at])).toEqual([['E0323', /«(.*)»/u.exec(marked)?.[1]]]);
  });

  it.each(['epochs: «0»', 'epochs: «-1»', 'batch_size: «0»'])('of `train` likewise: %s', (marked) => {
    const found = check(trained(`optimizer: SGD\n  ${marked.replace(/[«»]/gu, '')}`));
    expect(found.map(({ code, at }) => [code, at])).toEqual([['E0307', /«(.*)»/u.exec(marked)?.[1]]]);
  });

  it('is told with its name, its value and what would do', () => {
    expect(check(net('Dropout(3 / 2)'))[0]?.message).toBe(
      '`Dropout` requires `rate >= 0 and rate < 1`, got `rate` = 1.5',
    );
    expect(check(net('MaxPooling2D((0, 2))'))[0]?.message).toBe(
      '`MaxPooling2D` requires `min(pool_size) >= 1`, got `pool_size` = 0x2',
    );
  });

  it.each(['Dropout(0)', 'BatchNormalization(1)', 'BatchNormalization(0)', 'RandomTranslation(0, 1)'])(
    'is none at the edge of its range: %s',
    (stage) => {
      expect(check(net(stage))).toEqual([]);
    },
  );

  it('is looked for in every number and size that a layer takes', () => {
    const names = (expression: Expression): readonly string[] => {
      switch (expression.kind) {
        case 'name':
          return [expression.name];
        case 'call':
          return expression.args.flatMap(({ value }) => names(value));
        case 'binary':
          return [...names(expression.left), ...names(expression.right)];
        default:
          return [];
      }
    };
    const required = ({ body }: LayerDeclaration): readonly string[] =>
      body.flatMap((statement) => (statement.kind === 'expression' ? names(statement.value) : []));
    const free = prelude.flatMap(({ path, text }) =>
      parse(path, text).file.items.flatMap((item) =>
        item.kind !== 'layer'
          ? []
          : item.parameters
              .filter(({ types }) => types.some((type) => /^(int|float|size)$/u.test(type.text)))
              .filter(({ name }) => !required(item).includes(name.text))
              .map(({ name }) => `${item.name.text} ${name.text}`),
      ),
    );
    // Axes and paddings are checked by ops, beside the shape; pixels may be scaled to anything.
    expect(free).toEqual([
      'argmax axis',
      'Conv2D padding',
      'DepthwiseConv2D padding',
      'SeparableConv2D padding',
      'MaxPooling2D padding',
      'AveragePooling2D padding',
      'Rescaling scale',
      'Rescaling offset',
      'Concatenate axis',
    ]);
  });
});

describe('a layer of the user', () => {
  const layer = `layer Third(filters: int, kind: a | b = a)(x: f32[N, ..., c]) {
  require(filters >= c
    and kind == a)
  return x -> Dense(filters)
}
`;

  it('requires as those of the prelude do, and says where', () => {
    expect(check(layer + net('Third(2)'))).toEqual([
      {
        code: 'E0323',
        message: '`Third` requires `filters >= c and kind == a`, got `filters` = 2, `c` = 4, `kind` = a',
        at: '2',
        notes: ['it is required here'],
      },
    ]);
    expect(check(layer + net('Third(4, kind: b)'))[0]?.at).toBe('4');
  });

  it('that hands an argument on is where the mistake is, with the way there', () => {
    const outer = 'layer Outer(k: float)(x: f32[N, ...]) {\n  return x -> Dropout(k)\n}\n';
    expect(check(outer + net('Outer(2)'))).toEqual([
      expect.objectContaining({ code: 'E0323', at: 'k', notes: ['in `outer`, which is used here'] }),
    ]);
  });

  it('and a model can require something of their defaults, too', () => {
    const text = net('Flatten').replace('Net {', 'Net(width: int = 0) {\n  require(width >= 1)');
    expect(check(text)[0]).toMatchObject({ code: 'E0323', at: 'require(width >= 1)' });
  });

  it.each(['require(image > 0)', 'require(1)', 'require()', 'require(true, true)'])(
    'needs one condition: %s',
    (statement) => {
      const text = net('Flatten').replace('  image ->', `  ${statement}\n  image ->`);
      expect(check(text).map(({ code, at }) => [code, at])).toEqual([['E0311', statement]]);
    },
  );

  it('may be called `require`', () => {
    const text = `layer require()(x) {\n  return relu(x)\n}\n${net('require')}`;
    expect(check(text)).toEqual([]);
  });
});
