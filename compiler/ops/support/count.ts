import type { Extent } from '../../base/types.ts';
import type { DefinitionBuilder, ExprLike } from '../../loop/builder.ts';
import { product, withoutBatch } from './shapes.ts';

/** The number of places in `extents` as f32: a constant, or a multiple of the actual batch where N is among them. */
export function countOf(b: DefinitionBuilder, extents: readonly Extent[]): ExprLike {
  const fixed = product(withoutBatch(extents));
  if (!extents.includes('N')) return fixed;
  return b.cast(fixed === 1 ? b.batch() : b.mul(b.batch(), fixed), 'f32');
}
