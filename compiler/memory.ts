/** What WebAssembly's memory of 4 GiB cannot hold is an error of the text, found when the plan is made. */
import type { Code, CodePage, Diagnostic } from './base/diagnostic.ts';
import type { Program } from './program/program.ts';

/** Of 2^32 bytes, some are left for control words and the scratch memory of kernels and threads. */
const largestPlan = 2 ** 32 - 2 ** 27;

const net = (batch: number): string => `model Net {
  input x: f32[1000, 1000, 1]
  x -> Conv2D(1, 1x1) -> GlobalAveragePooling2D -> output y
}
train Net {
  label t: f32[1]
  loss: mean_squared_error(t, y)
  optimizer: SGD()
  batch_size: ${batch}
}
`;

export const memoryCodes: Readonly<Record<Code, CodePage>> = {
  E0801: {
    title: 'More memory than WebAssembly has',
    explanation:
      'Weights, optimizer slots and all that a batch works in must fit into the 4 GiB that WebAssembly can address. Less memory ' +
      'is needed for a smaller `batch_size`, or for smaller pictures. TypeScript kernels (`--kernels ts`) have no such limit.',
    wrong: net(1100),
    right: net(8),
  },
};

/** The error for a program whose plan is too large; `text` is that of `file`, which should have the model. */
export function checkMemory(program: Program, file: string, text: string): Diagnostic | undefined {
  const sizes = program.routines.map(({ name, memory, maxBatch }) => ({
    name,
    maxBatch,
    bytes: memory.planned,
  }));
  const largest = sizes.toSorted((a, b) => b.bytes - a.bytes)[0];
  const planned = program.persistentBytes + (largest?.bytes ?? 0);
  if (planned <= largestPlan || largest === undefined) return undefined;
  const start = Math.max(0, text.search(new RegExp(`\\bmodel\\s+${program.name}\\b`)));
  const end = start + (/^model\s+\w+/.exec(text.slice(start))?.[0].length ?? 0);
  const { name, maxBatch, bytes } = largest;
  const largestPart =
    program.persistentBytes > bytes
      ? `${gigabytes(program.persistentBytes)} are weights and what else is kept between calls`
      : `${name} works in ${gigabytes(bytes)} at a batch of ${maxBatch}` +
        (maxBatch > 1 ? '; a smaller one needs less' : '');
  return {
    code: 'E0801',
    severity: 'error',
    span: { file, start, end },
    message: `\`${program.name}\` needs ${gigabytes(planned)}, and WebAssembly has 4 GB`,
    notes: [{ message: largestPart }, { message: 'TypeScript kernels have no such limit: `--kernels ts`' }],
  };
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GB`;
