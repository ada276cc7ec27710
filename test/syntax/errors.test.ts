import { describe, expect, it } from 'vitest';
import { parse } from '../../compiler/syntax/index.ts';

/** `LINE:COLUMN CODE message` */
function messages(text: string): readonly string[] {
  return parse('test.cnn', text).diagnostics.map(({ span, code, message }) => {
    const before = text.slice(0, span.start).split('\n');
    return `${before.length}:${(before.at(-1) ?? '').length + 1} ${code} ${message}`;
  });
}

describe('messages say what was expected where', () => {
  it.each([
    ['hello', ['1:1 E0115 expected `model`, `layer`, `train` or `import`, found `hello`']],
    ['model', ['1:6 E0115 expected a name after `model`, found the end of the line']],
    ['model A', ['1:8 E0115 expected `{`, found the end of the file']],
    ['model A {', ['1:9 E0117 `{` is never closed']],
    ['import A from b', ['1:15 E0115 expected a string, found `b`']],
    ['model A { x -> }', ['1:16 E0116 expected a stage after `->`, found `}`']],
    ['model A { input x f32[3] }', ['1:19 E0115 expected `:`, found `f32`']],
    ['layer A()(x) { param w: f32[3] }', ['1:32 E0115 expected `=`, found `}`']],
    ['model A { y = x + }', ['1:19 E0115 expected a value after `+`, found `}`']],
    ['model A { y = f(1 2) }', ['1:19 E0115 expected `,` or `)`, found `2`']],
    ['model A {\n  y = if a then b\n}', ['2:18 E0124 every `if` needs an `else`, found the end of the line']],
    ['model A { y = if a b else c }', ['1:20 E0115 expected `then` after `a`, found `b`']],
    ['model A { then = 1 }', ['1:11 E0122 `then` is a reserved word and cannot be a name']],
    ['model A { y = () }', ['1:15 E0125 these parentheses hold nothing']],
    ['model A { y = a b }', ['1:17 E0127 expected an operator, `->` or the end of the line, found `b`']],
    ['model A { y = 1 < 2 < 3 }', ['1:21 E0120 comparisons cannot be chained: join two of them with `and`']],
    ['model A { y = "a\\qb" }', ['1:17 E0123 `\\q` means nothing in a string']],
    ['model A { y = 1e999 }', ['1:15 E0129 `1e999` is larger than any number that can be stored']],
    ['model A { y = \u0007 x }', ['1:15 E0101 unexpected the character U+0007']],
    ['model A { x -> for i in 2 { } }', ['1:29 E0130 expected `->` and a stage in the braces of `for`']],
  ])('%j', (text, expected) => {
    expect(messages(text)).toEqual(expected);
  });
});

describe('recovery', () => {
  it('finds the errors of several statements and keeps the others', () => {
    const text = `model A {
  input x f32[3]
  y = x -> relu
  z = x +
  w = f(1, , 2)
  v = (1
  u = x
}
model B(a int) {
  return
}
layer C()(x) {
  return x
}
`;
    expect(messages(text).map((message) => message.split(' ').slice(0, 2).join(' '))).toEqual([
      ...['2:11 E0115', '5:5 E0115', '6:7 E0117', '9:11 E0115', '10:9 E0115'],
    ]);
    const { items } = parse('test.cnn', text).file;
    expect(items.at(-1)?.kind).toBe('layer');
  });

  it('points at the bracket that is never closed, and only at it', () => {
    const text = `model A {
  image
    -> Conv2D(32, 3x3, activation: relu
    -> MaxPooling2D(2x2)
    -> Dense(10)
}
model B {
  x -> relu
}
`;
    expect(messages(text)).toEqual(['3:14 E0117 `(` is never closed']);
    const [first, second] = parse('test.cnn', text).file.items;
    expect(first?.kind === 'model' && first.body).toHaveLength(1);
    expect(second?.kind === 'model' && second.body).toHaveLength(1);
  });

  it('a missing brace does not swallow the next item', () => {
    const text = 'model A {\n  x -> relu\n\ntrain A {\n  epochs: 3\n}\n';
    expect(messages(text)).toEqual(['1:9 E0117 `{` is never closed']);
    expect(parse('test.cnn', text).file.items.map(({ kind }) => kind)).toEqual(['model', 'train']);
  });

  it('stops at 20 errors', () => {
    const codes = parse('test.cnn', `model A {\n${'  x = = 1\n'.repeat(50)}}\n`).diagnostics.map(
      ({ code }) => code,
    );
    expect(codes).toEqual([...Array.from({ length: 20 }, () => 'E0115'), 'E0114']);
  });

  it('reports in the order of the text', () => {
    const starts = parse('test.cnn', "model A {\n y = f(a=1)\n z = .5 ?\n w = 'a' +\n}").diagnostics.map(
      ({ span }) => span.start,
    );
    expect(starts.length).toBeGreaterThan(3);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });
});
