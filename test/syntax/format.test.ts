import { describe, expect, it } from 'vitest';
import { codes } from '../../compiler/syntax/codes.ts';
import { format } from '../../compiler/syntax/index.ts';
import { lex } from '../../compiler/syntax/tokens.ts';
import { exampleNames, examples, parsed, withoutSpans } from './support.ts';

function formatted(text: string): string {
  const result = format('test.cnn', text);
  if ('diagnostics' in result) throw new Error(JSON.stringify(result.diagnostics, null, 2));
  return result.text;
}

/** Formats, and checks what must hold of every formatted text. */
function checked(text: string): string {
  const once = formatted(text);
  expect(formatted(once)).toBe(once);
  expect(withoutSpans(parsed(once).items)).toEqual(withoutSpans(parsed(text).items));
  const comments = (whole: string): readonly string[] =>
    lex(whole).comments.map(({ image }) => image.trimEnd());
  expect(comments(once)).toEqual(comments(text));
  expect(once).not.toMatch(/[ \t](?:\n|$)|\n\n\n|\r|^\n/);
  return once;
}

describe('the four files of the language', () => {
  it.each(exampleNames.map((name, i) => [name, examples[i] as string]))(
    '%s is in its canonical layout, but for the space before comments',
    (_, text) => {
      expect(checked(text)).toBe(text.replaceAll(/ +\/\/ /g, ' // '));
    },
  );
});

it('every mended example of the code pages can be formatted', () => {
  for (const { right } of Object.values(codes)) checked(right);
});

it('a sign stays with its number, a minus between operands where it was', () => {
  expect(checked('layer A()(x) {\n  return max(x, axes: [-\n\n1, -\n2])\n}\n')).toBe(
    'layer A()(x) {\n  return max(x, axes: [-1, -2])\n}\n',
  );
  const difference = 'layer A()(x) {\n  return (x -\n    1)\n}\n';
  expect(checked(difference)).toContain('x -\n');
});

it('refuses what cannot be parsed', () => {
  expect(format('test.cnn', 'model A {')).toMatchObject({ diagnostics: [{ code: 'E0117' }] });
});

/** From, to. */
const layouts: readonly (readonly [string, string, string])[] = [
  ['an empty file', '', ''],
  ['white space', '  \n\n\t\r\n', ''],
  ['only comments', '// a\n\n\n// b', '// a\n\n// b\n'],
  ['an empty body', 'model   A{\n\n}', 'model A {}\n'],
  [
    'one statement per line',
    'model A{ input x:f32[3]  a=1 x->f }',
    'model A {\n  input x: f32[3]\n  a = 1\n  x -> f\n}\n',
  ],
  [
    'spaces',
    'layer A( a : int|size=3,b:valid|same = valid , )( x : f32 [ N,...,c ], ... y ){return - a *( b+-c ) [ 0 ,- 1 ] . d}',
    'layer A(a: int | size = 3, b: valid | same = valid)(x: f32[N, ..., c], ...y) {\n  return -a * (b + -c)[0, -1].d\n}\n',
  ],
  [
    'blank lines, at most one, none at the edges of a body',
    '\n\nmodel A {\n\n  a = 1\n\n\n  b = 2\n\n}\n\n\n\nmodel B {}\n\n\n',
    'model A {\n  a = 1\n\n  b = 2\n}\n\nmodel B {}\n',
  ],
  [
    'comments, own and trailing',
    'model A { // one\n// two\na = 1   //three\n\n   // four\n}// five\n// six',
    'model A { // one\n  // two\n  a = 1 //three\n\n  // four\n} // five\n// six\n',
  ],
  [
    'comments inside of expressions',
    'model A {\n y = f(a, // why\n b\n // last\n ) // end\n z = // after\n 3 +\n // between\n 4\n x // head\n -> f // stage\n // before\n -> g\n}',
    'model A {\n  y = f(\n    a, // why\n    b\n    // last\n  ) // end\n  z = // after\n    3 +\n    // between\n    4\n' +
      '  x // head\n    -> f // stage\n    // before\n    -> g\n}\n',
  ],
  [
    'line breaks of the writer',
    'model A {\n x -> f\n -> g -> h\n y = if a then b\n else if c then d\n else e -> f\n z = a\n + b\n w = [1, 2,\n 3, 4]\n}',
    'model A {\n  x -> f\n    -> g -> h\n  y = if a then b\n      else if c then d\n      else e -> f\n  z = a\n    + b\n' +
      '  w = [\n    1, 2,\n    3, 4\n  ]\n}\n',
  ],
  [
    'line breaks that mean nothing',
    'model\n A {}'.replace('\n', '') +
      '\ntrain A {\n loss:\n f(a\n )\n augment\n a -> f\n}'.replace('augment\n', 'augment '),
    'model A {}\ntrain A {\n  loss: f(\n    a\n  )\n  augment a -> f\n}\n',
  ],
  [
    'loops in one line or many',
    'model A {\nx -> for i in 2 {-> f(i)->g} -> for i in 3 {\n-> for j in 2 { -> h }\n}\n}',
    'model A {\n  x -> for i in 2 { -> f(i) -> g } -> for i in 3 {\n    -> for j in 2 { -> h }\n  }\n}\n',
  ],
  [
    'graphs',
    'graph a(input $x:f32[N],\nstate m@a.b.0:f32[]){%0:f32[]=const(-1)   @   a.cnn:1:2   in a.b\nupdate m@a.b.0=%0 return a:%0,b:m@a.b.0}',
    'graph a(\n  input $x: f32[N],\n  state m@a.b.0: f32[]\n) {\n  %0: f32[] = const(-1) @ a.cnn:1:2 in a.b\n' +
      '  update m@a.b.0 = %0\n  return a: %0, b: m@a.b.0\n}\n',
  ],
  ['carriage returns', 'model A {\r  a = 1 // c\r\n}\r\n', 'model A {\n  a = 1 // c\n}\n'],
];

describe('layout', () => {
  it.each(layouts)('%s', (_, from, to) => {
    expect(checked(from)).toBe(to);
  });
});

describe('long lines are broken', () => {
  const long = (name: string, count: number): string =>
    Array.from({ length: count }, (_, i) => `${name}_${i}`).join(', ');

  it('at the arrows of their chain', () => {
    const stages = Array.from({ length: 12 }, (_, i) => `-> Dense(${i + 100})`);
    expect(checked(`model A {\n  x ${stages.join(' ')}\n}\n`)).toBe(
      `model A {\n  x\n${stages.map((stage) => `    ${stage}\n`).join('')}}\n`,
    );
  });

  it('at their brackets, the outermost first', () => {
    const names = long('argument', 8);
    expect(checked(`model A {\n  y = long_name(1, g(${names}))\n}\n`)).toBe(
      `model A {\n  y = long_name(\n    1,\n    g(${names})\n  )\n}\n`,
    );
  });

  it('before else', () => {
    const text = `if condition then ${'a'.repeat(50)} else ${'b'.repeat(50)}`;
    expect(checked(`model A {\n  y = ${text}\n}\n`)).toBe(
      `model A {\n  y = ${text.replace(' else', '\n      else')}\n}\n`,
    );
  });

  it('in declarations', () => {
    const parameters = Array.from({ length: 8 }, (_, i) => `parameter_${i}: int = ${i}`);
    expect(checked(`layer A(${parameters.join(', ')})(x) {}\n`)).toBe(
      `layer A(\n${parameters.map((parameter) => `  ${parameter}`).join(',\n')}\n)(x) {}\n`,
    );
  });

  it('unless nothing can be broken', () => {
    const name = 'a'.repeat(200);
    expect(checked(`model A {\n  ${name} = ${name}\n}\n`)).toBe(`model A {\n  ${name} = ${name}\n}\n`);
  });

  it('but not for a comment behind them', () => {
    const text = `model A {\n  y = f(1, 2) // ${'a'.repeat(200)}\n}\n`;
    expect(checked(text)).toBe(text);
  });
});
