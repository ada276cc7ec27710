/** From a graph and its groups to everything the program builder needs of one routine, kernels aside. */
import type { Graph } from '../graph/ir.ts';
import type { LayoutOptions } from './layout.ts';
import { layoutRoutine } from './layout.ts';
import { placeRoutine } from './place.ts';
import type { LaunchGroup, RoutinePlan } from './types.ts';

export { placeRoutine };

/**
 * Layouts, launch order and placements of one graph after all passes. `groups` in launch order, covering every node that
 * is neither a view nor a concatenation. Where kernels need scratch memory, call `layoutRoutine`, lower the groups with
 * its `layoutOf`, then `placeRoutine` with their scratch sizes.
 */
export function planRoutine<G extends LaunchGroup>(
  graph: Graph,
  groups: readonly G[],
  options: LayoutOptions,
): RoutinePlan<G> {
  return placeRoutine(layoutRoutine(graph, groups, options));
}
