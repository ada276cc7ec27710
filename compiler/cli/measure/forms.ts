/** In which form convolutions are computed. */
import { winogradLayers } from '../../passes/winograd.ts';
import type { Built } from '../../program/build.ts';

/** By index of the kernel: `Winograd in tiles of 4x4`. Of direct convolutions, and all other kernels, nothing. */
export function formsOf({ program, routines }: Built): ReadonlyMap<number, string> {
  const forms = new Map<number, string>();
  for (const { graph, routine } of routines) {
    const layers = winogradLayers(graph);
    for (const { kernel, locations } of routine.launches) {
      if (program.kernels[kernel]?.name.startsWith('winograd_conv2d') !== true) continue;
      const layer = layers.find(({ location }) =>
        locations.some(
          ({ file, line, scope }) =>
            file === location?.file && line === location.line && scope === location.scope,
        ),
      );
      if (layer) forms.set(kernel, `Winograd in tiles of ${layer.tile}x${layer.tile}, cheaper by its shape`);
    }
  }
  return forms;
}
