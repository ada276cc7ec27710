/** What the ops that look for numbers that are not finite have in common. */
import type { DefinitionBuilder, Space, TensorReader } from '../../loop/builder.ts';
import type { Definition, Points } from '../../loop/definition.ts';
import type { Axis } from '../../loop/ir.ts';
import type { Extent } from '../../base/types.ts';

/** Whether all points are true. Single ones are looked at behind the others, which threads can then divide among themselves. */
export function allTrue(
  b: DefinitionBuilder,
  space: readonly Extent[] | Space,
  pointsAt: (axes: readonly Axis[]) => readonly Points[],
): Definition {
  const isSingle = ({ axes, where }: Points): boolean => axes.length === 0 && where.length === 0;
  const none: Points = { axes: [], body: b.literal(1, 'bool'), where: [] };
  return b.reduce(
    space,
    (axes) => {
      const [first = none, ...more] = pointsAt(axes).filter((points) => !isSingle(points));
      return { ...first, combine: 'and', init: 1, dtype: 'bool', ...(more.length > 0 && { more }) };
    },
    (reduced, axes) =>
      pointsAt(axes)
        .filter(isSingle)
        .reduce((all, { body }) => b.select(all, body, b.literal(0, 'bool')), reduced),
  );
}

/** All elements of a tensor, each of them true where it is finite. */
export function finiteElements(b: DefinitionBuilder, x: TensorReader): Points {
  const axes = b.axesOf(x.shape);
  const body = b.unary('isfinite', x.at(axes.map((axis) => (axis.extent === 1 ? 0 : axis))));
  return { axes: axes.filter(({ extent }) => extent !== 1), body, where: [] };
}
