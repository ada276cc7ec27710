/**
 * What of a WASM schedule may be chosen, and `.schedule` files, which hold such choices by kernel. Only the shapes and orders
 * of loops: none of it changes a bit of any result.
 */
import { codeUnits, hash64 } from '../base/hash.ts';
import type { Buffer, Kernel } from '../loop/ir.ts';
import { printKernel } from '../loop/print.ts';

export interface Choice {
  /**
   * Vectors of four channels in a register tile, 1 to 4. Where there are other places to make a tile of, the default is 2; 4 without
   * a window, 1 where channels are apart and the window is narrow.
   */
  readonly vectors?: number;
  /** Sums in registers at once, in vectors, 1 to 16: a tile has `sums / vectors` places. Default 8; by the window where channels are apart. */
  readonly sums?: number;
  /** Copy weights into the order in which they are read: `auto` where enough tiles read them. Default `auto`. */
  readonly stage?: 'never' | 'auto' | 'always';
}

/** By `structureKey` of the lowered kernel. */
export type Choices = ReadonlyMap<string, Choice>;

/** The choices worth measuring beside the default. */
export const alternatives: readonly Choice[] = [
  { vectors: 1, sums: 4 },
  { vectors: 1, sums: 8 },
  { vectors: 2, sums: 4 },
  { vectors: 2, sums: 6 },
  { vectors: 2, sums: 10 },
  { vectors: 2, sums: 12 },
  { vectors: 3, sums: 9 },
  { vectors: 3, sums: 12 },
  { vectors: 4, sums: 8 },
  { vectors: 4, sums: 12 },
  { stage: 'never' },
  { stage: 'always' },
];

/** 64 bits of a lowered kernel's text without its name: kernels of equal structure have equal keys, in any model. */
export function structureKey(kernel: Kernel): string {
  return hash64(codeUnits(printKernel({ ...kernel, name: 'kernel' })));
}

/** One kernel of a schedule file: what was chosen, and a remark for people. */
export interface TunedKernel {
  readonly kernel: Kernel;
  readonly choice: Choice;
  readonly remark: string;
}

/**
 * The text of a `.schedule` file:
 *
 *     kernel 5d3c1f0a9b2e4471
 *       # conv2d_relu(f32[N, 13, 13, 32], f32[3, 3, 32, 64]) -> f32[N, 11, 11, 64]: 1.21 ms, was 1.43 ms
 *       vectors 2
 *       sums 12
 */
export function printChoices(title: string, tuned: readonly TunedKernel[]): string {
  const blocks = tuned.map(({ kernel, choice, remark }) =>
    [
      `kernel ${structureKey(kernel)}`,
      `  # ${signature(kernel)}${remark === '' ? '' : `: ${remark}`}`,
      ...Object.entries(choice).map(([name, value]) => `  ${name} ${value}`),
    ].join('\n'),
  );
  return `${[`# ${title}`, ...blocks].join('\n\n')}\n`;
}

function signature({ name, inputs, outputs }: Kernel): string {
  const types = (buffers: readonly Buffer[]): string =>
    buffers.map(({ dtype, shape }) => `${dtype}[${shape.join(', ')}]`).join(', ');
  return `${name}(${types(inputs)}) -> ${types(outputs)}`;
}

/** What is wrong with a schedule file, with the number of the line. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  readonly code = 'schedule-format';
  readonly line: number;

  constructor(line: number, message: string) {
    super(`line ${line}: ${message}`);
    this.line = line;
  }
}

/** Reads what `printChoices` wrote, or a person. Throws a `ScheduleError`. */
export function parseChoices(text: string): Choices {
  const choices = new Map<string, Choice>();
  let current: string | undefined;
  text.split('\n').forEach((whole, i) => {
    const words = whole.replace(/#.*$/su, '').trim().split(/\s+/u);
    const [word = '', value = '', more] = words;
    if (word === '') return;
    if (more !== undefined) throw new ScheduleError(i + 1, `\`${more}\` is one word too many`);
    if (word === 'kernel') {
      if (!/^[0-9a-f]{16}$/u.test(value))
        throw new ScheduleError(i + 1, `\`${value}\` is no kernel: expected 16 digits 0-9a-f`);
      if (choices.has(value)) throw new ScheduleError(i + 1, `kernel ${value} is there twice`);
      choices.set(value, {});
      current = value;
    } else if (current === undefined) {
      throw new ScheduleError(i + 1, `expected \`kernel\`, found \`${word}\``);
    } else {
      const before = choices.get(current) ?? {};
      if (Object.hasOwn(before, word)) throw new ScheduleError(i + 1, `${word} is there twice`);
      choices.set(current, { ...before, ...setting(word, value, i + 1) });
    }
  });
  return choices;
}

const largest = { vectors: 4, sums: 16 } as const;
const stagings = ['never', 'auto', 'always'] as const;

function setting(name: string, value: string, line: number): Choice {
  switch (name) {
    case 'vectors':
    case 'sums': {
      const number = Number(value);
      if (!/^\d+$/u.test(value) || number < 1 || number > largest[name])
        throw new ScheduleError(
          line,
          `${name} is a whole number from 1 to ${largest[name]}, not \`${value}\``,
        );
      return { [name]: number };
    }
    case 'stage': {
      const stage = stagings.find((word) => word === value);
      if (stage === undefined)
        throw new ScheduleError(line, `stage is ${stagings.join(', ')}, not \`${value}\``);
      return { stage };
    }
    default:
      throw new ScheduleError(line, `there is no \`${name}\`; there are vectors, sums and stage`);
  }
}
