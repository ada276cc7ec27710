/** The registry: all that is known of ops. A new op is one file in a family's folder and one line in all.ts. */
import type { Op } from '../graph/op.ts';
import * as all from './all.ts';

export * from './all.ts';

/** Ops by name. */
export const ops: ReadonlyMap<string, Op> = new Map(
  Object.values(all).map((op): [string, Op] => [op.name, op]),
);
