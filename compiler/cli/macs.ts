/** How many multiply-adds the prediction of one sample takes. */
import type { Model } from '../index.ts';
import { elementCount } from '../base/types.ts';

interface Macs {
  readonly total: number;
  /** Of each layer instance and all it contains. A shared layer has those of all its uses at the first. */
  rows(paths: readonly string[]): readonly number[];
}

/**
 * Counted on the graph as written. Each element of a contraction is a sum over all elements of its second operand that
 * belong to one of its channels: kernel elements / channels.
 */
export function macsByLayer(model: Model): Macs {
  const counted: { scope: string; macs: number }[] = [];
  for (const node of model.graphs.infer.nodes) {
    const kernel = node.operands[1];
    if (!node.op.traits.includes('contraction') || !kernel) continue;
    const channels = Number(node.type.shape.at(-1));
    const macs = (elementCount(node.type.shape, 1) * elementCount(kernel.type.shape, 1)) / channels;
    counted.push({ scope: node.location?.scope ?? '', macs });
  }
  const sum = (inside: (scope: string) => boolean): number =>
    counted.reduce((total, { scope, macs }) => total + (inside(scope) ? macs : 0), 0);
  return {
    total: sum(() => true),
    rows: (paths) => {
      const seen = new Set<string>();
      return paths.map((path) => {
        if (seen.has(path)) return 0;
        seen.add(path);
        return sum((scope) => scope === path || scope.startsWith(`${path}.`));
      });
    },
  };
}
