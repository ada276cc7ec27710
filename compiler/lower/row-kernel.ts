/** The kernel of a row-wise group: in each row its parts one after the other, each as it is lowered alone. */
import { sameShape } from '../base/types.ts';
import type { Value } from '../graph/ir.ts';
import { affine } from '../loop/affine.ts';
import { denseStrides, register } from '../loop/builder.ts';
import type { Affine, Axis, Buffer, Expr, Load, Stmt } from '../loop/ir.ts';
import { Names } from '../loop/names.ts';
import { flatMapStmts, loopsOver, substituteStmts } from '../loop/rewrite.ts';
import type { FusedDefinition, Layout, LayoutOf } from './fuse.ts';
import { fuse } from './fuse.ts';
import type { Group } from './group.ts';
import { iterationOf, loadScalar } from './nest.ts';

interface RowNest {
  readonly body: readonly Stmt[];
  readonly inputs: readonly Buffer[];
  readonly outputs: readonly Buffer[];
}

/** `inputs` and `outputs` as the group has them. */
export function rowNest(group: Group, parts: readonly Group[], layoutOf: LayoutOf): RowNest {
  const names = new Names();
  const inMemory = new Set<Value>([...group.inputs, ...group.outputs]);
  const layout: LayoutOf = (value) => (inMemory.has(value) ? layoutOf(value) : nowhere(value));
  const fused = parts.map((part) => fuse(part, layout, names));
  // The first part is a reduction: its axes are those of the rows.
  const rows = fused[0]?.axes ?? [];
  const made = new Map<Value, Buffer>();
  for (const { outputs } of fused) for (const { value, buffer } of outputs) made.set(value, buffer);
  const read = new Set(fused.flatMap(({ inputs }) => inputs.map(({ value }) => value)));
  const outputs = group.outputs.map((value) => made.get(value)!);
  const stored = new Set(outputs);
  // What later parts read and no one stores for them: one number per row.
  const registers = new Map<Buffer, Buffer>();
  for (const [value, buffer] of made)
    if (read.has(value) && !isPerElement(value, group))
      registers.set(buffer, register(names.unique(`${buffer.name}_row`), buffer.dtype));
  const known = new Map<Value, Buffer>(made);
  const body = fused.flatMap((part) => {
    const buffers = new Map<Buffer, Buffer>();
    for (const { value, buffer } of part.inputs) {
      const other = known.get(value);
      if (other === undefined) known.set(value, buffer);
      else buffers.set(buffer, other);
    }
    return inRow(part, rows, buffers, registers, stored);
  });
  return {
    body: loopsOver(rows, body),
    inputs: group.inputs.map((value) => known.get(value)!),
    outputs,
  };
}

/** What stays in the kernel lies in no memory. */
const nowhere = ({ type: { shape } }: Value): Layout => ({ shape, strides: denseStrides(shape), offset: 0 });

/** Whether a value has the shape that the group reduces. */
const isPerElement = ({ type }: Value, { root }: Group): boolean =>
  sameShape(type.shape, root.operands[0]?.type.shape ?? []);

/** What a part does in one row. */
function inRow(
  part: FusedDefinition,
  rows: readonly Axis[],
  buffers: ReadonlyMap<Buffer, Buffer>,
  registers: ReadonlyMap<Buffer, Buffer>,
  stored: ReadonlySet<Buffer>,
): readonly Stmt[] {
  const axes = new Map<Axis, Affine>(rows.map((row, i) => [part.axes[i]!, affine(row)]));
  const own = loopsOver(part.axes.slice(rows.length), iterationOf(part));
  const load = (e: Load): Expr => {
    const kept = registers.get(e.buffer);
    return kept === undefined ? e : loadScalar(kept);
  };
  return flatMapStmts(substituteStmts(own, { axes, buffers, load }), (stmt) => {
    const kept = stmt.kind === 'store' ? registers.get(stmt.buffer) : undefined;
    if (stmt.kind !== 'store' || kept === undefined) return [stmt];
    return [
      { kind: 'alloc', buffer: kept },
      { kind: 'store', buffer: kept, index: [], value: stmt.value },
      ...(stored.has(stmt.buffer) ? [{ ...stmt, value: loadScalar(kept) }] : []),
    ];
  });
}
