import type { View } from './dom.ts';
import { add, renderer } from './dom.ts';
import { isDrawable } from './filters.ts';
import type { Shown, ShownLayer, Weight } from './index.ts';
import type { LayerNode } from './layer.ts';
import { LayerView } from './layer.ts';
import { adopt } from './style.ts';

/** What each layer made of the sample, with the filters of those that look at the picture itself. */
export const renderLayers = renderer<Shown>((container): View<Shown> => {
  adopt();
  const list = add(container, 'div', 'cnnc-view cnnc-layers');
  let views: readonly LayerView[] = [];
  let structure = '';
  return {
    update({ observation, weights = [] }) {
      const nodes = treeOf(observation.layers, weights);
      // Another model needs other elements.
      const now = JSON.stringify(nodes, (key, value: unknown) =>
        key === 'values' || key === 'data' ? 0 : value,
      );
      if (now !== structure) {
        list.replaceChildren();
        views = nodes.map((node) => new LayerView(list, node));
        structure = now;
      }
      nodes.forEach((node, i) => views[i]?.update(node));
    },
  };
});

/** Layers with those inside them, which follow them at a greater depth. */
function treeOf(layers: readonly ShownLayer[], weights: readonly Weight[]): readonly LayerNode[] {
  const nodes: LayerNode[] = [];
  for (let i = 0; i < layers.length;) {
    const layer = layers[i];
    if (!layer) break;
    const after = layers.findIndex(({ depth }, k) => k > i && depth <= layer.depth);
    const end = after < 0 ? layers.length : after;
    const inside = treeOf(layers.slice(i + 1, end), weights);
    const kernels = weights.filter(
      (weight) => weight.name.startsWith(`${layer.name}.`) && isDrawable(weight),
    );
    // Of a layer that is not shown to be made of others, the only one inside.
    const kernel = inside.length === 0 && kernels.length === 1 ? kernels[0] : undefined;
    nodes.push({ layer, kernel, inside });
    i = end;
  }
  return nodes;
}
