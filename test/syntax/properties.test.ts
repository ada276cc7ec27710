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
const name = fc.constantFrom('x', 'relu', 'Dense', 'input', 'output', 'as', 'in', 'for', 'state');
const gap = fc.constantFrom(' ', ' ', ' ', '  ', '\n', '\n\n', ' // note\n', '\n  // note\n\n');
const listOf = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.array(item, { minLength: 1, maxLength: 3 }), gap).map(([all, space]) => all.join(`,${space}`));
const { operation } = fc.letrec<{ operation: string }>((tie) => ({
  operation: fc.oneof(
    { maxDepth: 2, depthIdentifier: 'operation' },
    fc.constantFrom('1', '0.5', '3x3', '"a"', 'true', 'x', '-x', '(-1)'),
    fc.tuple(tie('operation'), gap).map(([value, space]) => `(${space}(${value})${space})`),
    fc
      .tuple(tie('operation'), fc.constantFrom('+', '*', '/', 'or', '- ('), gap, tie('operation'))
      .map(([left, sign, space, right]) => `(${left}) ${sign}${space}(${right})${sign === '- (' ? ')' : ''}`),
    fc
      .tuple(tie('operation'), gap, tie('operation'), gap)
      .map(([a, space, b, other]) => `(if ${a} then${space}(${b})${other}else ${a})`),
    listOf(tie('operation')).map((items) => `[${items}]`),
    fc
      .tuple(name, listOf(tie('operation')))
      .map(([callee, list]) => `${callee}(${list}, a: ${callee}(${list}))`),
  ),
}));
const stage = fc.oneof(
  name,
  fc.tuple(name, listOf(operation)).map(([callee, list]) => `${callee}(${list})`),
  fc.tuple(name, fc.constantFrom('y', 'stem')).map(([callee, as]) => `${callee} as ${as}`),
  name.map((output) => `output ${output}`),
  fc.tuple(operation, gap, gap).map(([value, a, b]) => `for i in (${value}) {${a}-> relu${b}}`),
);
const chain = fc
  .tuple(operation, fc.array(fc.tuple(gap, stage), { minLength: 1, maxLength: 3 }))
  .map(([head, stages]) => head + stages.map(([space, next]) => `${space}-> ${next}`).join(''));
const statement = fc.oneof(
  fc.tuple(name, chain).map(([bound, value]) => `${bound} = ${value}`),
  fc.tuple(name, operation).map(([bound, value]) => `param ${bound}: f32[3, ...] = ${value}`),
  listOf(chain).map((values) => `return ${values}`),
  name.map((bound) => `input ${bound}: f32[N]`),
);
const body = fc.array(fc.tuple(statement, gap), { maxLength: 4 });
const goodFile = fc.tuple(fc.array(fc.tuple(name, body, gap), { maxLength: 2 }), gap).map(
  ([items, start]) =>
    start +
    items
      .map(([title, lines, space]) => {
        const inner = lines.map(([line, after]) => `${line}\n${after}`).join('');
        return `model ${title} {${space}${inner}}${space}`;
      })
      .join(''),
);

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
  fc.assert(
    fc.property(goodFile, (text) => {
      check(text);
      if (parse('any.cnn', text).diagnostics.length === 0) good++;
    }),
    { numRuns: 200 },
  );
  expect(good).toBeGreaterThan(150);
});
