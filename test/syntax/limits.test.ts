import { describe, expect, it } from 'vitest';
import { format, parse } from '../../compiler/syntax/index.ts';
import { lineWidth } from '../../compiler/syntax/format/breaks.ts';
import { codesOf, expression, parsed } from './support.ts';

const many = 100_000;
const some = 30_000;
const million = 1_000_000;

describe('long text', () => {
  it('a chain of 100 000 stages is one list', () => {
    const [item] = parsed(`model A { x ${'-> relu '.repeat(many)}}`).items;
    const [statement] = item?.kind === 'model' ? item.body : [];
    const value = statement?.kind === 'expression' ? statement.value : undefined;
    expect(value?.kind === 'chain' && value.stages.length).toBe(many);
  });

  it.each([
    ['arrows and nothing else', '->'.repeat(many), ['E0116']],
    ['arrows without stages', `model A { x ${'-> '.repeat(many)}}`, ['E0116']],
    ['arrows on lines of their own', `model A { x ${'->\n'.repeat(many)}}`, ['E0114', 'E0116']],
    ['terms of a sum', `model A { y = 1${' + 1'.repeat(some)} }`, ['E0113']],
    ['calls of calls', `model A { y = f${'(1)'.repeat(some)} }`, ['E0113']],
    ['members of members', `model A { y = f${'.a'.repeat(some)} }`, ['E0113']],
    ['opening brackets', '('.repeat(many), ['E0112']],
    ['opening braces', `model A ${'{'.repeat(many)}`, ['E0112']],
    ['closing brackets', ')'.repeat(many), ['E0118']],
    ['signs', `model A { y = ${'-'.repeat(many)}1 }`, ['E0112']],
    ['negations', `model A { y = ${'not '.repeat(many)}a }`, ['E0112']],
    ['ifs', `model A { y = ${'if '.repeat(many)}}`, ['E0112']],
    ['else ifs', `model A { y = ${'if a then b else '.repeat(some)}c }`, ['E0112']],
    ['items of a list', `model A { y = [${'1, '.repeat(some)}] }`, []],
    ['items without commas', `model A { y = [${'1 '.repeat(some)}] }`, ['E0115']],
    ['words', 'a '.repeat(many), ['E0115']],
    ['statements with errors', `model A {\n${'x = = 1\n'.repeat(many)}}`, ['E0114', 'E0115']],
    ['stages with errors', `model A {\n  x${'\n    -> 3'.repeat(many)}\n}`, ['E0114', 'E0116']],
    ['models', 'model A {}\n'.repeat(20_000), []],
  ])('very many %s', (_, text, expected) => {
    expect([...new Set(codesOf(text))].sort()).toEqual(expected);
  });

  it.each([
    ['a name', `model ${'a'.repeat(million)}`],
    ['a number', `model A { y = ${'1'.repeat(million)} }`],
    ['a size', `model A { y = ${'1x'.repeat(million / 2)} }`],
    ['a string', `model A { y = "${'a'.repeat(million)}" }`],
    ['an open string', `model A { y = "${'a'.repeat(million)}`],
    ['backslashes', `model A { y = "${'\\'.repeat(million)}`],
    ['slashes', '/'.repeat(million)],
    ['divisions', `model A { y = ${'a // 2, '.repeat(million / 8)}`],
    ['quotes', "'".repeat(million)],
    ['locations', '@ '.repeat(million / 2)],
    ['almost locations', '@ a:1'.repeat(million / 5)],
    ['spaces', ' '.repeat(million)],
    ['null characters', '\0'.repeat(million / 4)],
    ['null characters between spaces', '\0 '.repeat(million / 2)],
    ['hash signs', '#'.repeat(million)],
    ['lines of hash signs', '#\n'.repeat(million / 2)],
    ['empty lines', '\n'.repeat(million)],
  ])('a million characters: %s', (_, text) => {
    const { diagnostics } = parse('test.cnn', text);
    expect(diagnostics.length).toBeLessThanOrEqual(21);
    for (const { message } of diagnostics) expect(message.length).toBeLessThan(200);
  });

  it('is formatted', () => {
    const one = format('test.cnn', `model A { x ${'-> relu '.repeat(20_000)}}`);
    expect('text' in one && one.text.split('\n')).toHaveLength(20_000 + 4);
    const list = format('test.cnn', `model A { y = [${'1, '.repeat(20_000)}1] }`);
    expect('text' in list && Math.max(...list.text.split('\n').map((line) => line.length))).toBeLessThan(
      lineWidth,
    );
  });
});

describe('nesting', () => {
  const nested = (open: string, close: string, depth: number): string =>
    `model A {\n  y = ${open.repeat(depth)}1${close.repeat(depth)}\n}\n`;

  it.each([
    ['(', ')'],
    ['[', ']'],
    ['f(', ')'],
    ['-', ''],
    ['not ', ''],
    ['if a then ', ' else b'],
    ['if a then b else ', ''],
    ['x[', ']'],
  ])('%s … %s may be 47 deep in a body and no deeper than 48', (open, close) => {
    expect(codesOf(nested(open, close, 47))).toEqual([]);
    expect(codesOf(nested(open, close, 48))).toEqual(['E0112']);
    expect(codesOf(nested(open, close, 5000))).toEqual(['E0112']);
  });

  it('counts all kinds together', () => {
    expect(codesOf(nested('[f(', ')]', 24))).toEqual(['E0112']);
    expect(codesOf(nested('(if a then ', ' else b)', 24))).toEqual(['E0112']);
  });

  it('does not count what stands side by side', () => {
    const ifs = '  x = if a then -b else c\n  if a then b else (not c) -> f\n'.repeat(100);
    expect(codesOf(`model A {\n${ifs}}\n`)).toEqual([]);
    expect(expression(`[${'if a then b else c, '.repeat(60)}-1]`)).toContain('(a ? b : c)');
  });

  it('an expression may be 256 deep', () => {
    const sum = (terms: number): string => `model A {\n  y = 1${' + 1'.repeat(terms - 1)}\n}\n`;
    expect(codesOf(sum(257))).toEqual([]);
    expect(codesOf(sum(258))).toEqual(['E0113']);
  });
});
