import { describe, expect, it } from 'vitest';
import { Grammar } from '../../compiler/syntax/grammar.ts';
import { codesOf, expression, parsed } from './support.ts';

it('the grammar is neither ambiguous nor left-recursive', () => {
  expect(() => new Grammar(true)).not.toThrow();
});

describe('precedence', () => {
  it.each([
    ['a + b * c', '(a + (b * c))'],
    ['a * b + c', '((a * b) + c)'],
    ['a - b - c', '((a - b) - c)'],
    ['a / b / c', '((a / b) / c)'],
    ['-a * b', '((- a) * b)'],
    ['a * -b', '(a * (- b))'],
    ['a - -b', '(a - (- b))'],
    ['- - a', '(- (- a))'],
    ['-a.b[0](c)', '(- a.b[0](c))'],
    ['a or b and c', '(a or (b and c))'],
    ['a and b or c', '((a and b) or c)'],
    ['not a and b', '((not a) and b)'],
    ['not a == b', '(not (a == b))'],
    ['a and not b == c or d', '((a and (not (b == c))) or d)'],
    ['not not a', '(not (not a))'],
    ['a + b < c * d', '((a + b) < (c * d))'],
    ['(a + b) * c', '((a + b) * c)'],
    ['a == b and c != d', '((a == b) and (c != d))'],
    ['a <= b or c >= d', '((a <= b) or (c >= d))'],
    ['a > b', '(a > b)'],
  ])('%s', (text, tree) => {
    expect(expression(text)).toBe(tree);
  });

  it('`->` binds weakest, and `else` takes the rest of the chain', () => {
    expect(expression('main + skip -> relu')).toBe('{(main + skip) > relu}');
    expect(expression('not a -> f')).toBe('{(not a) > f}');
    expect(expression('if a then b else c -> f -> g')).toBe('(a ? b : {c > f > g})');
    expect(expression('if a then b -> f else c')).toBe('(a ? {b > f} : c)');
    expect(expression('(if a then b else c) -> f')).toBe('{(a ? b : c) > f}');
    expect(expression('if a then b else if c then d else e')).toBe('(a ? b : (c ? d : e))');
    expect(expression('if if a then b else c then d else e')).toBe('((a ? b : c) ? d : e)');
  });
});

describe('values', () => {
  it.each([
    ['12', '12'],
    ['0.5', '0.5f'],
    ['1e-3', '0.001f'],
    ['2.5E2', '250f'],
    ['3x3', '3x3'],
    ['2x3x4', '2x3x4'],
    ['true', 'true'],
    ['[]', '[]'],
    ['[1, [2, 3], "x"]', '[1, [2, 3], "x"]'],
    ['[1, 2,]', '[1, 2]'],
    ['(3, 3)', 'tuple(3, 3)'],
    ['(a)', 'a'],
    ['f()', 'f()'],
    ['f(1, b: 2x2, c: if p then 1 else 2)', 'f(1, b: 2x2, c: (p ? 1 : 2))'],
    ['Dense(3)(x)', 'Dense(3)(x)'],
    ['x[0, -1]', 'x[0, (- 1)]'],
    ['a.b.c', 'a.b.c'],
    ['f(\n  a,\n  b: [\n    1\n  ]\n)', 'f(a, b: [1])'],
    ['f(a: (x -> g))', 'f(a: {x > g})'],
    ['[a -> f, b]', '[{a > f}, b]'],
  ])('%s', (text, tree) => {
    expect(expression(text)).toBe(tree);
  });

  it('strings have the escapes of JSON', () => {
    const text = '"a \\"b\\" \\\\ \\/ \\n\\t\\r\\b\\f \\u0041 é 😀 // # \'"';
    expect(expression(text)).toBe(JSON.stringify(JSON.parse(text)));
  });

  it('spans of operations have the parentheses of their operands', () => {
    const text = 'model A {\n  y = (a) + (b)\n}\n';
    const [item] = parsed(text).items;
    const [statement] = item?.kind === 'model' ? item.body : [];
    const { span } = statement?.kind === 'let' ? statement.value : {};
    expect(text.slice(span?.start, span?.end)).toBe('(a) + (b)');
  });
});

describe('stages', () => {
  it.each([
    ['x -> relu', '{x > relu}'],
    ['x -> Conv2D(32, 3x3) as stem -> relu', '{x > Conv2D(32, 3x3) as stem > relu}'],
    ['x\n    -> relu\n    -> tanh', '{x > relu > tanh}'],
    ['x -> output y', '{x > output y}'],
    ['x -> output y(classes: ["a"]) -> f', '{x > output y(classes: ["a"]) > f}'],
    ['x -> for i in 2 * n { -> f(i) -> g }', '{x > for i in (2 * n) {f(i) > g}}'],
    [
      'x -> for i in [1, 2] {\n    -> f\n    -> for j in i { -> g }\n  } -> h',
      '{x > for i in [1, 2] {f > for j in i {g}} > h}',
    ],
    ['[a, b] -> Concatenate', '{[a, b] > Concatenate}'],
  ])('%s', (text, tree) => {
    expect(expression(text)).toBe(tree);
  });
});

describe('lines', () => {
  const statements = (text: string): readonly string[] => {
    const [item] = parsed(`model A {\n${text}\n}\n`).items;
    return item?.kind === 'model' ? item.body.map(({ kind }) => kind) : [];
  };

  it('`(`, `[` and `-` continue an expression only on the same line', () => {
    expect(statements('a = b\n(c) -> f')).toEqual(['let', 'expression']);
    expect(statements('a = b\n[c] -> f')).toEqual(['let', 'expression']);
    expect(statements('a = b\n-c -> f')).toEqual(['let', 'expression']);
    expect(statements('a = b -\nc')).toEqual(['let']);
    expect(statements('input x: f32\n[a, b] -> f')).toEqual(['input', 'expression']);
    expect(codesOf('model A {\na = b\n.c\n}')).toEqual(['E0115']);
  });

  it('other operators and arrows continue it anywhere', () => {
    expect(expression('a\n + b\n * c\n and d')).toBe('((a + (b * c)) and d)');
    expect(expression('a\n\n // comment\n -> f')).toBe('{a > f}');
  });

  it('all ends of lines count', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      expect(statements(`a = b${end}(c) -> f`)).toEqual(['let', 'expression']);
      expect(statements(`a = b // (${end}c -> f`)).toEqual(['let', 'expression']);
    }
  });

  it('a stage stands on the line of its arrow', () => {
    expect(codesOf('model A {\n  x ->\n    relu\n}')).toEqual(['E0116']);
    expect(codesOf('model A {\n  x ->\n  y = x\n}')).toEqual(['E0116']);
    expect(codesOf('model A {\n  x -> // comment\n    relu\n}')).toEqual(['E0116']);
    expect(codesOf('model A {\n  x -> -> relu\n}')).toEqual(['E0116']);
    expect(codesOf('model A {\n  x -> 3\n}')).toEqual(['E0116']);
  });
});

describe('contextual keywords', () => {
  it('are names wherever they introduce nothing', () => {
    const words = [
      'import',
      'from',
      'model',
      'layer',
      'train',
      'graph',
      'input',
      'param',
      'state',
      'shared',
      'set',
    ];
    const more = ['output', 'as', 'for', 'in', 'label', 'augment', 'update'];
    for (const word of [...words, ...more]) {
      expect(expression(`${word} + f(${word}, ${word}: ${word})`)).toBe(
        `(${word} + f(${word}, ${word}: ${word}))`,
      );
      expect(expression(`${word} -> ${word} -> ${word}(1)`)).toBe(`{${word} > ${word} > ${word}(1)}`);
      expect(expression(`x -> ${word} as ${word} -> f`)).toBe(`{x > ${word} as ${word} > f}`);
      expect(expression(`x -> for ${word} in ${word} { -> ${word} }`)).toBe(
        `{x > for ${word} in ${word} {${word}}}`,
      );
      expect(expression(`x -> output ${word}`)).toBe(`{x > output ${word}}`);
      expect(
        codesOf(`model ${word}(${word}: int = 1) {\n  ${word} = ${word}\n  input ${word}: f32[1]\n}`),
      ).toEqual([]);
    }
  });

  it('reserved words are no names', () => {
    for (const word of ['if', 'then', 'else', 'and', 'or', 'not', 'true', 'false', 'return']) {
      expect(codesOf(`model A {\n  ${word} = 1\n}`)).toEqual(['E0122']);
      expect(codesOf(`model A {\n  input ${word}: f32[1]\n}`).length).toBeGreaterThan(0);
    }
  });
});
