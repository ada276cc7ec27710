/**
 * The side file of printed graphs: what stands behind the hashes of large constants, one to a line, as
 * `0123456789abcdef f32[3, 3] = 1, 2, …`.
 */
import type { DType, TensorType } from '../base/types.ts';
import { dtypes, elementCount, formatType } from '../base/types.ts';
import type { Constant, Graph } from './ir.ts';
import { hashOf, largeConstants, printNumber } from './print.ts';

/** Where the constants of the graphs in file `path` are kept. */
export const constantsPath = (path: string): string => `${path}.constants`;

/** The constants of these graphs that print as a hash; empty where there are none. */
export function printConstants(graphs: readonly Graph[]): string {
  const all = new Map(graphs.flatMap((graph) => [...largeConstants(graph)]));
  return [...all]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([hash, { type, data }]) => `${hash} ${formatType(type)} = ${data.map(printNumber).join(', ')}\n`)
    .join('');
}

/** Reads what `printConstants` wrote, by hash. Leaves out lines that are not of this form or not what their hash says. */
export function parseConstants(text: string): ReadonlyMap<string, Constant> {
  const found = new Map<string, Constant>();
  for (const line of text.split('\n')) {
    const [, hash = '', dtype, extents = '', elements = ''] =
      /^([0-9a-f]{16}) (\w+)\[([\d, ]*)\] = (.*)$/u.exec(line) ?? [];
    const type = readType(dtype, extents);
    if (type === undefined) continue;
    const constant: Constant = { kind: 'constant', type, data: elements.split(', ').map(readNumber) };
    const isWhole = constant.data.length === elementCount(type.shape, 1);
    if (isWhole && hashOf(constant) === hash) found.set(hash, constant);
  }
  return found;
}

function readType(dtype: string | undefined, extents: string): TensorType | undefined {
  const known = dtypes.find((candidate): candidate is DType => candidate === dtype);
  return known && { dtype: known, shape: extents.split(', ').map(Number) };
}

const words: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN };
const readNumber = (text: string): number => words[text] ?? Number(text);
