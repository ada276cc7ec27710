/** Winograd kernels: against convolutions computed directly, and the same bits wherever they run. */
import { describe, expect, it } from 'vitest';
import { elementCount } from '../../compiler/base/types.ts';
import { GraphBuilder } from '../../compiler/graph/builder.ts';
import type { Node, Parameter, Value } from '../../compiler/graph/ir.ts';
import type { Padding } from '../../compiler/graph/op.ts';
import type { Elements } from '../../compiler/loop/interpret.ts';
import { elementsFor, interpret } from '../../compiler/loop/interpret.ts';
import type { Kernel, Stmt } from '../../compiler/loop/ir.ts';
import { bodyOf } from '../../compiler/loop/rewrite.ts';
import { lowerMath } from '../support/lower-math.ts';
import { verifyKernel } from '../../compiler/loop/verify.ts';
import { lowerGroup } from '../../compiler/lower/index.ts';
import * as ops from '../../compiler/ops/index.ts';
import type { Tile } from '../../compiler/ops/support/winograd/tile.ts';
import { expectedError } from '../../compiler/ops/support/winograd/tile.ts';
import { targets } from '../../compiler/program/target.ts';
import { schedule } from '../../compiler/schedule/index.ts';
import { expectInterpreted, inputsOf, wasmKernel } from '../emit/wasm/run.ts';
import { emittedKernel } from '../support/emitted.ts';
import { evaluate, tensorOf } from '../support/evaluate.ts';
import { generator } from '../support/samples.ts';
import { bytesOf, dense, graphOf, groupsOf, runGroups } from './run.ts';
import { blocksOf } from '../../compiler/ops/support/winograd/blocks.ts';
import { windowsOver } from '../../compiler/ops/support/window.ts';

interface Case {
  readonly tile: Tile;
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly filters: number;
  readonly padding: Padding;
}

const input = (name: string, ...shape: Node['type']['shape']): Parameter => {
  return { kind: 'parameter', role: 'input', name, type: { dtype: 'f32', shape } };
};

/** The convolution of `x` with `kernel`, directly and in tiles, before what `behind` adds to either. */
function convolutions(
  { tile, size, channels, filters, padding }: Case,
  behind: (g: GraphBuilder, y: Value) => Value = (_, y) => y,
) {
  const x = input('x', 'N', ...size, channels);
  const kernel = input('kernel', 3, 3, channels, filters);
  const direct = new GraphBuilder();
  const expected = behind(direct, direct.emit(ops.conv2d, { x, kernel }, { padding })) as Node;
  const g = new GraphBuilder();
  const transformed = g.emit(ops.winogradKernel, { kernel }, { tile });
  const inTiles = behind(g, g.emit(ops.winogradConv2d, { x, kernel: transformed }, { filters, padding }));
  return { x, kernel, direct, expected, g, inTiles: inTiles as Node };
}

function drawn(
  values: readonly Value[],
  n: number,
  precision: 'f32' | 'f64',
  seed = 1,
): Map<Value, Elements> {
  const random = generator(seed);
  // The sum of four even numbers is close enough to a normal one.
  const normal = (): number => random() + random() + random() + random() - 2;
  return new Map(
    values.map(({ type }, i) => {
      const elements = elementsFor('f32', elementCount(type.shape, n), precision);
      return [values[i] as Value, elements.map(() => Math.fround(normal()))] as const;
    }),
  );
}

/** The kernel of the last group: the convolution in tiles. */
function kernelOf({ g, inTiles }: Pick<ReturnType<typeof convolutions>, 'g' | 'inTiles'>, lanes = 4) {
  return lowerGroup(groupsOf(graphOf(g.nodes, inTiles)).at(-1)!, dense, lanes);
}

const cases: readonly Case[] = [
  { tile: 2, size: [6, 5], channels: 2, filters: 8, padding: 'valid' },
  { tile: 2, size: [7, 6], channels: 16, filters: 7, padding: [1, 2] },
  { tile: 4, size: [7, 6], channels: 5, filters: 11, padding: 'same' },
  { tile: 4, size: [9, 10], channels: 18, filters: 12, padding: 'same' },
  { tile: 4, size: [3, 9], channels: 1, filters: 3, padding: [2, 0] },
  { tile: 4, size: [1, 1], channels: 3, filters: 1, padding: 'same' },
  { tile: 2, size: [3, 3], channels: 4, filters: 4, padding: 'valid' },
  { tile: 4, size: [2, 9], channels: 17, filters: 16, padding: [3, 4] },
  // More than one block, in rows and in columns.
  { tile: 4, size: [5, 12], channels: 512, filters: 1, padding: 'valid' },
  { tile: 4, size: [10, 3], channels: 512, filters: 1, padding: 'same' },
];
const title = ({ tile, size, channels, filters, padding }: Case): string =>
  `tiles of ${tile}x${tile}, ${size.join('x')}x${channels} → ${filters}, padding ${String(padding)}`;

describe.each(cases.map((entry) => [title(entry), entry] as const))('%s', (_, entry) => {
  it('gives what a direct convolution gives, in f64', () => {
    const { x, kernel, g, inTiles, expected } = convolutions(entry);
    const n = entry.channels > 100 ? 1 : 2;
    const known = drawn([x, kernel], n, 'f64');
    const wanted = evaluate(
      expected,
      new Map([x, kernel].map((value) => [value, tensorOf(value.type, n, [...known.get(value)!])])),
      n,
    ).data;
    const groups = groupsOf(graphOf(g.nodes, inTiles));
    const found = runGroups(groups, known, { n, precision: 'f64' }).get(inTiles)!;
    expect(found.length).toBe(wanted.length);
    wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 10));
  });

  it('gives the same bits on all targets, for several samples and threads', () => {
    // A sigmoid and a value from outside of the group behind it, as in a gate.
    const gate = input('gate', 'N', 1, 1, entry.filters);
    const gated = convolutions(entry, (g, y) =>
      g.emit(ops.multiply, { a: g.emit(ops.sigmoid, { x: y }), b: gate }),
    );
    const { kernel } = kernelOf(gated);
    const { kernel: scalar } = kernelOf(gated, targets.ts.lanes);
    for (const lowered of [kernel, scalar]) verifyKernel(lowered);
    const reference = lowerMath(kernel);
    for (const n of entry.channels > 100 ? [1] : [1, 3]) {
      const inputs = inputsOf(kernel, n);
      const [expected, found] = [0, 1].map(() =>
        elementsFor('f32', elementCount(gated.inTiles.type.shape, n), 'f32'),
      );
      interpret(reference, [...inputs, expected!], { n, precision: 'f32' });
      emittedKernel(schedule(scalar, targets.ts))([...inputs, found!], n);
      expect(bytesOf(found!)).toBe(bytesOf(expected!));
      const wasm = schedule(kernel, targets.wasm);
      verifyKernel(wasm);
      const run = wasmKernel(wasm);
      for (const threads of [1, 2, 3]) {
        run([...inputs, found!.fill(NaN)], n, { threads });
        expect(bytesOf(found!)).toBe(bytesOf(expected!));
      }
    }
  });
});

describe('the rounding error', () => {
  it.each([2, 4] as const)('with %i rows in a tile is the one that is reported', (tile) => {
    for (const channels of [16, 64, 144]) {
      const entry: Case = { tile, size: [8, 8], channels, filters: 4, padding: 'same' };
      const { x, kernel, g, inTiles, direct, expected } = convolutions(entry);
      const run = (nodes: GraphBuilder, result: Node, precision: 'f32' | 'f64'): Elements => {
        const groups = groupsOf(graphOf(nodes.nodes, result));
        return runGroups(groups, drawn([x, kernel], 1, precision), { n: 1, precision }).get(result)!;
      };
      const exact = run(direct, expected, 'f64');
      const found = run(g, inTiles, 'f32');
      const rms = (values: readonly number[]): number =>
        Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
      const error = rms([...found].map((value, i) => value - (exact[i] as number))) / rms([...exact]);
      const reported = expectedError(tile, channels);
      expect(error).toBeLessThan(1.25 * reported);
      expect(error).toBeGreaterThan(0.75 * reported);
    }
  });
});

describe('what stands behind', () => {
  const entry: Case = { tile: 4, size: [9, 7], channels: 4, filters: 8, padding: 'same' };

  it('is computed where results are stored, and a residual may be overwritten', () => {
    const before = input('before', 'N', 9, 7, 8);
    const sum = convolutions(entry, (g, y) => g.emit(ops.relu, { x: g.emit(ops.add, { a: y, b: before }) }));
    const { kernel, inputs, inPlace } = kernelOf(sum);
    expect(kernel.name).toBe('winograd_conv2d_add_relu');
    expect(inPlace).toEqual([{ output: sum.inTiles, input: before }]);
    const operands = inputsOf(kernel, 2);
    const apart = elementsFor('f32', elementCount(sum.inTiles.type.shape, 2), 'f32');
    interpret(kernel, [...operands, apart], { n: 2, precision: 'f32' });
    const shared = operands[inputs.indexOf(before)]!;
    interpret(kernel, [...operands, shared], { n: 2, precision: 'f32' });
    expect(bytesOf(shared)).toBe(bytesOf(apart));
  });

  it('may give several values', () => {
    const { g, inTiles } = convolutions(entry);
    const positive = g.emit(ops.relu, { x: inTiles });
    const [group] = groupsOf(graphOf(g.nodes, inTiles, positive)).slice(-1);
    const { kernel } = lowerGroup(group!, dense);
    const inputs = inputsOf(kernel, 2);
    const [first, second] = expectInterpreted(schedule(kernel, targets.wasm), 2, { inputs });
    expect([...second!]).toEqual([...first!].map((value) => Math.max(value, 0)));
    expect(Math.min(...first!)).toBeLessThan(0);
  });

  it('is computed lane by lane where vectors cannot: 8-bit results', () => {
    const large = convolutions(entry, (g, y) => g.emit(ops.greater, { a: y, b: g.constant(0) }));
    const { kernel } = kernelOf(large);
    expect(modesOf(kernel.body)).toContain('vectorize');
    const inputs = inputsOf(kernel, 1);
    const found = elementsFor('bool', elementCount(large.inTiles.type.shape, 1), 'f32');
    wasmKernel(schedule(kernel, targets.wasm))([...inputs, found], 1);
    const plain = kernelOf(convolutions(entry)).kernel;
    const [values] = expectInterpreted(schedule(plain, targets.wasm), 1, { inputs });
    expect([...found]).toEqual([...values!].map((value) => Number(value > 0)));
  });
});

describe('threads', () => {
  const parallel = (entry: Case): string | undefined => {
    const { kernel } = kernelOf(convolutions(entry));
    return parallelAxis(kernel);
  };
  it('share rows of tiles, or columns, or the filters where there are few tiles', () => {
    const small = { tile: 4, padding: 'same', filters: 64 } as const;
    expect(parallel({ ...small, size: [56, 56], channels: 64 })).toBe('block_row');
    expect(parallel({ ...small, size: [4, 400], channels: 64 })).toBe('block_column');
    expect(parallel({ ...small, size: [7, 7], channels: 512 })).toBe('filters');
  });
});

function modesOf(body: readonly Stmt[]): readonly unknown[] {
  return body.flatMap((stmt) => [...(stmt.kind === 'for' ? [stmt.mode] : []), ...modesOf(bodyOf(stmt))]);
}

function parallelAxis({ body }: Pick<Kernel, 'body'>): string | undefined {
  for (const stmt of body) {
    if (stmt.kind === 'for' && stmt.mode === 'parallel') return stmt.axis.name;
    const found = parallelAxis({ body: bodyOf(stmt) });
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('blocks of tiles', () => {
  const of = (size: number, channels: number) => {
    const [h, w] = windowsOver([size, size], [3, 3], [1, 1], 'same');
    const { rows, blockRows, shared } = blocksOf(4, [h, w], channels, channels);
    return [rows / blockRows, shared];
  };
  it.each([
    // Seven blocks of two rows would fit as well, but not share evenly.
    [56, 64, [14, 'rows']],
    [28, 128, [7, 'filters']],
    [32, 16, [8, 'rows']],
    [14, 256, [2, 'filters']],
  ] as const)('of %i² pixels and %i channels, two threads share evenly', (size, channels, expected) => {
    expect(of(size, channels)).toEqual(expected);
  });
});
