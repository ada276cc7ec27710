import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/syntax/index.ts';
import { codesOf, expression, fixed } from './support.ts';

const inModel = (line: string): string => `model A {\n  ${line}\n}\n`;

/** What is typed, the codes it gets, and what the fixes make of it. */
const habits: readonly (readonly [string, readonly string[], string])[] = [
  [`x -> Conv2D(32, activation='relu')`, ['E0107', 'E0105'], 'x -> Conv2D(32, activation: relu)'],
  [`x -> Conv2D(32, activation = relu)`, ['E0107'], 'x -> Conv2D(32, activation: relu)'],
  [`x -> Conv2D(32, padding: 'same')`, ['E0105'], 'x -> Conv2D(32, padding: same)'],
  [
    `x -> output y(classes: ['cat', 'a "b"'])`,
    ['E0105', 'E0105'],
    `x -> output y(classes: ["cat", "a \\"b\\""])`,
  ],
  [`x -> Conv2D(32, input_shape=(28, 28, 1))`, ['E0107'], 'x -> Conv2D(32, input_shape: (28, 28, 1))'],
  [`x -> Conv2D(32, use_bias=False)`, ['E0107', 'E0108'], 'x -> Conv2D(32, use_bias: false)'],
  [`y = f(True)`, ['E0108'], 'y = f(true)'],
  [`x -> Conv2D(32, activation: None, strides: 2)`, ['E0109'], 'x -> Conv2D(32, strides: 2)'],
  [`x -> Conv2D(activation: None, strides: 2)`, ['E0109'], 'x -> Conv2D(strides: 2)'],
  [`x -> Conv2D(activation: None)`, ['E0109'], 'x -> Conv2D()'],
  [`x -> relu # activation`, ['E0106'], 'x -> relu // activation'],
  [`x -> relu /* activation */`, ['E0106'], 'x -> relu // activation'],
  [`/* first\n     second */\n  x -> relu`, ['E0106'], '// first\n     // second\n  x -> relu'],
  [
    `/**\n   * first\n   *\n   * second\n   */\n  x -> relu`,
    ['E0106'],
    '// first\n  //\n  // second\n  x -> relu',
  ],
  [`/**/\n  x -> relu`, ['E0106'], '\n  x -> relu'],
  [`x -> Dropout(.5)`, ['E0104'], 'x -> Dropout(0.5)'],
  [`x -> Dropout(.5e-1)`, ['E0104'], 'x -> Dropout(0.5e-1)'],
  [`y = 5. + 1`, ['E0104'], 'y = 5.0 + 1'],
  [`x -> Conv2D(filters // 2, 3x3)`, ['E0110'], 'x -> Conv2D(floor(filters / 2), 3x3)'],
  [`x -> Conv2D(3 * filters // groups)`, ['E0110'], 'x -> Conv2D(floor(3 * filters / groups))'],
  [`half = width // 2`, ['E0110'], 'half = floor(width / 2)'],
  [`y = a ** 2 * b`, ['E0111'], 'y = power(a, 2) * b'],
  [
    `y = f(if a && !b || c then 1 else 2);`,
    ['E0111', 'E0111', 'E0111', 'E0111'],
    'y = f(if a and not b or c then 1 else 2)',
  ],
  [`y = if a === b then 1 else 2`, ['E0111'], 'y = if a == b then 1 else 2'],
  [`y = if a !== b then 1 else 2`, ['E0111'], 'y = if a != b then 1 else 2'],
  [`x => relu |> tanh`, ['E0111', 'E0111'], 'x -> relu -> tanh'],
  [`x → Conv2D(3, 3×3)`, ['E0101', 'E0101'], 'x -> Conv2D(3, 3x3)'],
  [`x -> Conv2D(3, 3X3)`, ['E0103'], 'x -> Conv2D(3, 3x3)'],
  [`x -> Conv2D(3x)`, ['E0103'], 'x -> Conv2D(3x3)'],
  [`x -> Dense(2k)`, ['E0103'], 'x -> Dense(2000)'],
  [`x -> Dense(0xFF)`, ['E0103'], 'x -> Dense(255)'],
  [`x -> Dense(1_000)`, ['E0103'], 'x -> Dense(1000)'],
  [`x -> Dropout(0.5f)`, ['E0103'], 'x -> Dropout(0.5)'],
  [`y = x -> relu + z`, ['E0119'], 'y = (x -> relu) + z'],
  [`y = a -> b - c * d -> e`, ['E0119'], 'y = (a -> b) - c * d -> e'],
  [`y = f(x -> relu)`, ['E0121'], 'y = f((x -> relu))'],
  [`y = f(a: if b then x -> relu else x)`, ['E0121'], 'y = f(a: (if b then x -> relu else x))'],
  [`y = a == not b`, ['E0126'], 'y = a == (not b)'],
  [`x -> layers.Conv2D(3)`, ['E0131'], 'x -> Conv2D(3)'],
  [`x -> for i in 3 { relu tanh }`, ['E0130', 'E0130'], 'x -> for i in 3 { -> relu -> tanh }'],
  [`x ->\n    relu`, ['E0116'], 'x -> relu'],
  [`x -> f(a))`, ['E0118'], 'x -> f(a)'],
  [`x -> f,`, ['E0115'], 'x -> f'],
];

describe('habits of other languages have a code and a fix', () => {
  it.each(['x -> Conv2D(/* filters */ 32)', 'x -> relu /* never closed', 'x -> relu /*/'])(
    '%s: the fix would make more than it into a comment',
    (line) => {
      expect(codesOf(inModel(line))).toContain('E0106');
      expect(parse('a.cnn', inModel(line)).diagnostics.find(({ code }) => code === 'E0106')?.fix).toBe(
        undefined,
      );
    },
  );
  it('however long a comment', () => {
    for (const filler of [' ', '*', '\n', ' *\n', '/* '])
      expect(codesOf(`/*${filler.repeat(300_000)}`)).toContain('E0106');
  });
  it.each(habits)('%s', (wrong, codes, right) => {
    expect(codesOf(inModel(wrong))).toEqual(codes);
    expect(fixed(inModel(wrong))).toBe(inModel(right));
    expect(codesOf(inModel(right))).toEqual([]);
  });

  it('of training', () => {
    expect(codesOf('train A {\n  epochs = 3\n}')).toEqual(['E0107']);
    expect(fixed('train A {\n  epochs = 3,\n}')).toBe('train A {\n  epochs: 3\n}');
  });

  it('of a whole file at once', () => {
    const wrong = `modle A {
  # a comment
  x -> Conv2D(32, (3, 3), activation='relu', use_bias=True) -> Dropout(.5);
}
`;
    const right = `model A {
  // a comment
  x -> Conv2D(32, (3, 3), activation: relu, use_bias: true) -> Dropout(0.5)
}
`;
    expect(fixed(wrong)).toBe(right);
  });
});

describe('// is a comment', () => {
  it.each([
    'y = x // 2 layers',
    'y = x // the first',
    'y = f(a, // first',
    'x -> Dense(10) // 10',
    'x -> relu // 2',
    'x -> Dense(3) as a // 2',
    'y = 28 // 14',
    'y = x //2nd',
    'y = x // see f(x)',
    'y = x /// 2',
    'y = x //',
  ])('%s', (line) => {
    const text = inModel(line.includes('f(a,') ? `${line}\n    b)` : line);
    expect(codesOf(text)).toEqual([]);
  });
});

it('the tree is the one that was meant', () => {
  const value = (text: string): unknown => {
    const [item] = parse('test.cnn', inModel(`y = ${text}`)).file.items;
    const [statement] = item?.kind === 'model' ? item.body : [];
    return JSON.stringify(statement?.kind === 'let' ? statement.value : undefined).replaceAll(
      /,?"span":\{[^}]*\}/g,
      '',
    );
  };
  const meant = (text: string): unknown => {
    expect(expression(text)).not.toBe('');
    return value(text);
  };
  expect(value(`f(a='relu', b=True, c: None, d: .5)`)).toBe(meant('f(a: relu, b: true, d: 0.5)'));
  expect(value('a && !b || c')).toBe(meant('a and not b or c'));
  expect(value('x -> f + y -> g')).toBe(meant('(x -> f) + y -> g'));
});
