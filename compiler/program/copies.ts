/** The two kernels that no op asks for: the plan moves values into windows and fills memory with constants. */
import { affine } from '../loop/affine.ts';
import type { Axis, Buffer, Expr, Kernel, Stmt } from '../loop/ir.ts';
import { loopsOver } from '../loop/rewrite.ts';
import type { Layout } from '../plan/index.ts';

/** to[…] = from[…], element by element. */
export function copyKernel(from: Layout, to: Layout): Kernel {
  const x = bufferOf('x', from);
  const y = bufferOf('y', to);
  const axes = axesOf(to);
  const value: Expr = { kind: 'load', buffer: x, index: axes.map(affine) };
  return { name: 'copy', kind: 'elementwise', inputs: [x], outputs: [y], body: nest(axes, y, value) };
}

/** to[…] = value */
export function fillKernel(value: number, to: Layout): Kernel {
  const y = bufferOf('y', to);
  const axes = axesOf(to);
  const literal: Expr = { kind: 'literal', dtype: to.dtype, value };
  return { name: 'fill', kind: 'elementwise', inputs: [], outputs: [y], body: nest(axes, y, literal) };
}

const axesOf = ({ shape }: Layout): readonly Axis[] =>
  shape.map((extent, i) => ({ name: extent === 'N' ? 'n' : `i${i}`, extent }));

const bufferOf = (name: string, { dtype, shape, strides, offset, stored }: Layout): Buffer => ({
  name,
  dtype,
  shape,
  strides,
  offset,
  space: 'global',
  ...(stored && { stored }),
});

function nest(axes: readonly Axis[], buffer: Buffer, value: Expr): readonly Stmt[] {
  return loopsOver(axes, [{ kind: 'store', buffer, index: axes.map(affine), value }]);
}
