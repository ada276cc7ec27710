/** Loops over the filters of a block of eight, of which the last block may lack some. */
import { addAffine, scaleAffine, subAffine } from '../../../loop/affine.ts';
import type { Affine, Stmt } from '../../../loop/ir.ts';
import { quotient } from '../../../loop/rewrite.ts';
import { filterBlock } from './blocks.ts';
import type { EachChannel } from './statements.ts';
import { alone, inLanes, lanes, loop } from './statements.ts';

/** The filters that there are, counted within the block, in lanes as far as these are filled. */
export function overFilters(
  filters: number,
  block: Affine,
  body: (each: EachChannel) => readonly Stmt[],
): readonly Stmt[] {
  const rest = filters % filterBlock;
  const single = rest % lanes;
  const vectors = quotient(subAffine(Math.floor(filters / lanes), scaleAffine(block, filterBlock / lanes)));
  const whole = (): readonly Stmt[] =>
    loop('filter', filterBlock / lanes, (f) => body(inLanes(scaleAffine(f, lanes))), {
      to: rest === 0 ? [] : [vectors],
    });
  const others = (): readonly Stmt[] =>
    loop('filter', single, (filter) => body(alone(addAffine(filter, rest - single))));
  return [
    ...(filters >= lanes ? whole() : []),
    ...(single > 0 ? [inLastBlock(filters, block, others())] : []),
  ];
}

/** The filters that the last block lacks. */
export function overMissing(
  filters: number,
  block: Affine,
  body: (filter: Affine) => readonly Stmt[],
): readonly Stmt[] {
  const rest = filters % filterBlock;
  if (rest === 0) return [];
  const missing = loop('missing', filterBlock - rest, (filter) => body(addAffine(filter, rest)));
  return [inLastBlock(filters, block, missing)];
}

const inLastBlock = (filters: number, block: Affine, body: readonly Stmt[]): Stmt => ({
  kind: 'if',
  conditions: [{ index: subAffine(block, Math.ceil(filters / filterBlock) - 1), extent: 1 }],
  body,
});
