import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../compiler/base/diagnostic.ts';
import { renderDiagnostic } from '../../compiler/base/render.ts';

const text = `model A {
  input x: f32[3]
  x -> Dens(3)
    -> output y
}
`;
const start = text.indexOf('Dens');
const diagnostic: Diagnostic = {
  code: 'E0201',
  severity: 'error',
  span: { file: 'a.cnn', start, end: start + 4 },
  message: 'there is no layer `Dens`',
  notes: [{ message: 'a note' }, { message: 'declared here', span: { file: 'a.cnn', start: 12, end: 13 } }],
  fix: { title: 'write `Dense`', edits: [] },
};
const read = (path: string): string | undefined => (path === 'a.cnn' ? text : undefined);
const at = (whole: string, from: number, to: number): string =>
  renderDiagnostic({ ...diagnostic, notes: [], span: { file: 'a.cnn', start: from, end: to } }, () => whole);

it('has a place, a frame, notes and the fix', () => {
  expect(renderDiagnostic(diagnostic, read).split('\n')).toEqual([
    'a.cnn:3:8: error E0201: there is no layer `Dens`',
    '  1 | model A {',
    '  2 |   input x: f32[3]',
    '> 3 |   x -> Dens(3)',
    '    |        ^^^^',
    '  4 |     -> output y',
    '  5 | }',
    '  note: a note',
    '  note: declared here (a.cnn:2:3)',
    '  fix: write `Dense`',
  ]);
});

it('without the text there is no frame', () => {
  expect(renderDiagnostic({ ...diagnostic, severity: 'warning' }, () => undefined).split('\n')).toEqual([
    'a.cnn: warning E0201: there is no layer `Dens`',
    '  note: a note',
    '  note: declared here (a.cnn)',
    '  fix: write `Dense`',
  ]);
});

it('colours change nothing but colours', () => {
  const colored = renderDiagnostic(diagnostic, read, { color: true });
  expect(colored).toContain('\u001b[');
  // eslint-disable-next-line no-control-regex
  expect(colored.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(renderDiagnostic(diagnostic, read));
});

describe('marks', () => {
  const marked = (whole: string, from: number, to: number): string => {
    const lines = at(whole, from, to).split('\n');
    const i = lines.findIndex((line) => line.startsWith('>'));
    const [, code = ''] = /^> *\d+ \|(.*)$/.exec(lines[i] ?? '') ?? [];
    const [, marks = ''] = /^ *\|(.*)$/.exec(lines[i + 1] ?? '') ?? [];
    return [...marks].map((mark, column) => (mark === '^' ? (code[column] ?? '∎') : '')).join('');
  };

  it('what the span covers, in the first of its lines', () => {
    expect(marked(text, start, start + 4)).toBe('Dens');
    expect(marked(text, 0, text.length)).toBe('model A {');
    expect(marked('a\r\nbcd\r\ne', 4, 6)).toBe('cd');
    expect(marked('a\rbcd\re', 3, 5)).toBe('cd');
  });

  it('the place of an empty span, also at the ends', () => {
    expect(marked(text, start, start)).toBe('D');
    expect(marked('abc', 3, 3)).toBe('∎');
    expect(marked('', 0, 0)).toBe('∎');
    expect(marked('a\n', 2, 2)).toBe('∎');
  });

  it('in the middle of a line of a million characters', () => {
    const whole = `${'a'.repeat(500_000)}here${'b'.repeat(500_000)}`;
    const rendered = at(whole, 500_000, 500_004);
    expect(rendered.length).toBeLessThan(500);
    expect(rendered.split('\n')[0]).toMatch(/^a\.cnn:1:500001: /);
    expect(marked(whole, 500_000, 500_004)).toBe('here');
    expect(marked(whole, 0, 1)).toBe('a');
    expect(marked(whole, 1_000_003, 1_000_004)).toBe('b');
  });
});

it('is not wide however long the lines around are', () => {
  const whole = `${'a'.repeat(100_000)}\nhere\n${'b'.repeat(100_000)}`;
  expect(at(whole, 100_001, 100_005).length).toBeLessThan(1000);
});

it('lets no control character through', () => {
  const whole = 'x \u001b[31m\u0007 \u202e y';
  const rendered = renderDiagnostic(
    {
      ...diagnostic,
      message: 'evil \u001b]0;title\u0007\nline',
      span: { file: '\u001b[1ma.cnn', start: 0, end: 1 },
    },
    () => whole,
  );
  // eslint-disable-next-line no-control-regex
  expect(rendered).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
});

it('survives spans beyond the text', () => {
  expect(() => at('abc', 10, 20)).not.toThrow();
  expect(() => at('abc', 2, 1)).not.toThrow();
});
