import { expect, it } from 'vitest';
import { compile } from '../../compiler/compile.ts';
import { memoryCodes } from '../../compiler/memory.ts';

const { E0801: page } = memoryCodes;
const diagnose = (text: string, kernels: 'ts' | 'wasm' | 'both') =>
  compile({ entry: 'model.cnn', read: () => text }, { kernels }).diagnostics;

it.each(['wasm', 'both'] as const)(
  'a plan of more than 4 GB is an error that gives its size: %s',
  (kernels) => {
    const [diagnostic, other] = diagnose(page!.wrong, kernels);
    expect(other).toBeUndefined();
    expect(diagnostic).toMatchObject({ code: 'E0801', severity: 'error' });
    const { span, message, notes } = diagnostic!;
    expect(page!.wrong.slice(span.start, span.end)).toBe('model Net');
    // A batch of 1100 pictures of 10^6 numbers of 4 bytes is 4.1 GB, and there is at least one of them.
    const [, size] = /^`Net` needs ([\d.]+) GB, and WebAssembly has 4 GB$/.exec(message)!;
    expect(Number(size)).toBeGreaterThan(4.09);
    expect(notes[0]!.message).toMatch(/^step works in .* at a batch of 1100/);
  },
);

it('weights that are too large are named as such', () => {
  const text = 'model Wide {\n  input x: f32[40000]\n  x -> Dense(30000) -> output y\n}\n';
  const [diagnostic] = diagnose(text, 'wasm');
  // 40000 · 30000 numbers of 4 bytes.
  expect(diagnostic!.message).toMatch(/^`Wide` needs 4.47 GB/);
  expect(diagnostic!.notes[0]!.message).toMatch(/^4.47 GB are weights/);
});

it('a smaller batch is fine, and so are TypeScript kernels', () => {
  expect(diagnose(page!.right, 'wasm')).toEqual([]);
  expect(diagnose(page!.wrong, 'ts')).toEqual([]);
});
