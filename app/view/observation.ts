import type { View } from './dom.ts';
import { add, renderer } from './dom.ts';
import type { Shown } from './index.ts';
import { renderLayers } from './layers.ts';
import { renderOutputs } from './outputs.ts';
import { renderSaliency } from './saliency.ts';
import { adopt } from './style.ts';

/** All there is: the picture with what matters in it, what the model says, and each layer. */
export const renderObservation = renderer<Shown>((container): View<Shown> => {
  adopt();
  const top = add(container, 'div', 'cnnc-view cnnc-top');
  const [pictures, outputs] = [add(top, 'div'), add(top, 'div')];
  const layers = add(container, 'div');
  return {
    update(shown) {
      renderSaliency(pictures, shown);
      renderOutputs(outputs, shown);
      renderLayers(layers, shown);
    },
  };
});
