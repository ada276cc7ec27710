import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes } from '../../compiler/syntax/codes.ts';
import { format, parse } from '../../compiler/syntax/index.ts';
import { lex } from '../../compiler/syntax/tokens.ts';
import { examples, withoutSpans } from './support.ts';

const known = new Set(Object.keys(codes));

/** What holds of any text at all. */
function check(text: string): void {
  const { file, diagnostics } = parse('any.cnn', text);
  for (const { code, span, message, fix } of diagnostics) {
    expect(known.has(code), code).toBe(true);
    expect(message).not.toMatch(/undefined|NaN|\n|-->|Redundant/);
    for (const { start, end } of [span, ...(fix?.edits ?? []).map((edit) => edit.span)]) {
      expect(start).toBeGreaterThanOrEqual(0);
      expect(end).toBeGreaterThanOrEqual(start);
      expect(end).toBeLessThanOrEqual(text.length);
    }
  }
  expect(diagnostics.length).toBeLessThanOrEqual(21);
  if (diagnostics.length === 0) checkFormat(text, withoutSpans(file.items));
}

/** What holds of any text without errors. */
function checkFormat(text: string, tree: unknown): void {
  const once = format('any.cnn', text);
  if ('diagnostics' in once) throw new Error('refused');
  const again = parse('any.cnn', once.text);
  expect(again.diagnostics).toEqual([]);
  expect(withoutSpans(again.file.items)).toEqual(tree);
  expect(format('any.cnn', once.text)).toEqual(once);
  const comments = (whole: string): readonly string[] =>
    lex(whole).comments.map(({ image }) => image.trimEnd());
  expect(comments(once.text)).toEqual(comments(text));
}

const words = [
  ...[
    'model',
    'layer',
    'train',
    'import',
    'graph',
    'from',
    'input',
    'param',
    'state',
    'shared',
    'set',
    'output',
    'as',
    'for',
    'in',
  ],
  ...[
    'label',
    'augment',
    'update',
    'if',
    'then',
    'else',
    'and',
    'or',
    'not',
    'true',
    'false',
    'return',
    'x',
    'relu',
    'Dense',
    'f32',
  ],
  ...[
    '1',
    '0.5',
    '3x3',
    '.5',
    '5.',
    '0xFF',
    '"s"',
    "'s'",
    '"',
    '%0',
    '$seed',
    '@',
    '@ a.cnn:1:2',
    '// c',
    '/// d',
    '# e',
    '//',
  ],
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '=',
    '->',
    '...',
    '.',
    '|',
    '+',
    '-',
    '*',
    '/',
    '**',
    '==',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
  ],
  ...['&&', '||', '!', '=>', ';', '===', '×', '\u0000', '😀', 'None', 'True', '\n', '\n', '\n', ' '],
];

/** Text that the grammar makes, so that it mostly has no errors. */
const { expression: goodExpression, file: goodFile } = fc.letrec<{ [key: string]: string }>((tie) => {
  const name = fc.constantFrom('x', 'relu', 'Dense', 'input', 'output', 'as', 'in', 'for', 'state');
  const gap = fc.constantFrom(' ', ' ', ' ', '  ', '\n', '\n\n', ' // note\n', '\n  // note\n\n');
  const joined = (arbitrary: fc.Arbitrary<string>, separator: string, most = 3): fc.Arbitrary<string> =>
    fc
      .tuple(fc.array(arbitrary, { minLength: 1, maxLength: most }), gap)
      .map(([all, space]) => all.join(separator + space));
  const expression = tie('expression');
  const args = fc.oneof(
    fc.constant(''),
    joined(expression, ',').map((all) => `(${all})`),
  );
  const stage = fc.oneof(
    fc.tuple(name, args).map(([callee, list]) => `${callee}${list}`),
    fc.tuple(name, name).map(([callee, as]) => `${callee} as ${as}`),
    name.map((output) => `output ${output}`),
    fc.tuple(expression, gap, gap).map(([value, a, b]) => `for i in (${value}) {${a}-> relu${b}}`),
  );
  const chain = fc
    .tuple(tie('operation'), fc.array(fc.tuple(gap, stage), { maxLength: 3 }))
    .map(([head, stages]) => head + stages.map(([space, next]) => `${space}-> ${next}`).join(''));
  const statement = fc.oneof(
    fc.tuple(name, expression).map(([bound, value]) => `${bound} = ${value}`),
    fc.tuple(name, expression).map(([bound, value]) => `param ${bound}: f32[3, ...] = ${value}`),
    joined(expression, ',').map((values) => `return ${values}`),
    name.map((bound) => `input ${bound}: f32[N]`),
  );
  const body = fc.array(fc.tuple(statement, gap), { maxLength: 4 });
  const lines = body.map((all) => all.map(([line, space]) => `${line}\n${space}`).join(''));
  return {
    operation: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('1', '0.5', '3x3', '"a"', 'true', 'x', '-x', '(-1)'),
      fc.tuple(expression, gap).map(([value, space]) => `(${space}(${value})${space})`),
      fc
        .tuple(tie('operation'), fc.constantFrom('+', '-', '*', '/', 'or'), gap, tie('operation'))
        .map(([left, operator, space, right]) => `(${left}) ${operator}${space}(${right})`),
      joined(expression, ',').map((items) => `[${items}]`),
      fc.tuple(name, args).map(([callee, list]) => `${callee}(a: (${callee}${list}))`),
    ),
    expression: fc.oneof(
      { maxDepth: 4 },
      chain,
      fc
        .tuple(expression, gap, expression, gap, expression)
        .map(([a, space, b, other, c]) => `if ${a} then${space}(${b})${other}else ${c}`),
    ),
    file: fc
      .tuple(fc.array(fc.tuple(name, lines, gap), { maxLength: 3 }), gap)
      .map(
        ([items, start]) =>
          start + items.map(([title, inner, space]) => `model ${title} {${space}${inner}}${space}`).join(''),
      ),
  };
});

describe('any text is parsed without an exception', () => {
  it('random characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), check), { numRuns: 300 });
  });

  it('random bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((all) => Buffer.from(all).toString('latin1'));
    fc.assert(fc.property(bytes, check), { numRuns: 200 });
  });

  it('token soup', () => {
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((all) => all.join(' '));
    fc.assert(fc.property(soup, check), { numRuns: 400 });
    fc.assert(
      fc.property(
        soup.map((inner) => `model A {\n${inner}\n}\n`),
        check,
      ),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(
        soup.map((inner) => `train A { x: f(${inner}) }`),
        check,
      ),
      { numRuns: 200 },
    );
  });

  it('mutated examples', () => {
    const mutation = fc.record({
      example: fc.constantFrom(...examples),
      edits: fc.array(
        fc.record({ at: fc.nat(2000), drop: fc.nat(12), put: fc.constantFrom('', '', ...words) }),
        { minLength: 1, maxLength: 4 },
      ),
    });
    const mutated = mutation.map(({ example, edits }) =>
      edits.reduce((text, { at, drop, put }) => {
        const start = at % (text.length + 1);
        return text.slice(0, start) + put + text.slice(start + drop);
      }, example),
    );
    fc.assert(fc.property(mutated, check), { numRuns: 400 });
  });

  it('examples with line breaks and comments in odd places', () => {
    const place = fc.record({
      example: fc.constantFrom(...examples),
      at: fc.array(fc.nat(300), { maxLength: 5 }),
    });
    const spread = fc
      .tuple(place, fc.constantFrom('\n', '\r\n', ' // c\n', '\n\n\n', '\t'))
      .map(([{ example, at }, gap]) => {
        const parts = example.split(/(?<=[(),[\]{}]) |\b /);
        return parts.map((part, i) => part + (at.some((n) => n % parts.length === i) ? gap : ' ')).join('');
      });
    fc.assert(fc.property(spread, check), { numRuns: 300 });
  });
});

it('text of the grammar is formatted to a fixpoint with the same tree', () => {
  let good = 0;
  const seen = (text: string): void => {
    check(text);
    if (parse('any.cnn', text).diagnostics.length === 0) good++;
  };
  fc.assert(fc.property(goodFile as fc.Arbitrary<string>, seen), { numRuns: 300 });
  fc.assert(
    fc.property(
      (goodExpression as fc.Arbitrary<string>).map((value) => `model A {\n  y = ${value}\n}`),
      seen,
    ),
    { numRuns: 300 },
  );
  expect(good).toBeGreaterThan(300);
});
