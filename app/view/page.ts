/**
 * The script of the page that `cnnc inspect` writes. The page holds one block of data, a deflated safetensors file in base64:
 * tensors, and in its metadata what they are.
 */
import { fromBase64 } from '../../runtime/base64.ts';
import { inflate } from '../../runtime/inflate.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
import type { Batch, Elements, Signature } from '../../runtime/types.ts';
import type { ShownLayer, Weight } from './index.ts';
import { renderObservation } from './observation.ts';

/** In the metadata, as JSON. Tensors: `input NAME`, `output NAME`, `layer I`, `saliency I`, `weight NAME`. */
interface Inspected {
  readonly signature: Signature;
  readonly classes: Readonly<Record<string, readonly string[]>>;
  readonly layers: readonly Omit<ShownLayer, 'values'>[];
  readonly saliency: readonly { readonly output: string; readonly input: string }[];
}

async function show(): Promise<void> {
  const text = document.getElementById('data')?.textContent ?? '';
  const { tensors, metadata } = readSafetensors(await inflate(fromBase64(text.trim())));
  const { signature, classes, layers, saliency } = JSON.parse(String(metadata['inspected'])) as Inspected;
  const values = (name: string): Elements => (tensors.get(name)?.data ?? new Float32Array(0)) as Elements;
  const batch = (kind: string, ports: readonly { readonly name: string }[]): Batch =>
    Object.fromEntries(ports.map(({ name }) => [name, values(`${kind} ${name}`)]));
  const weights = [...tensors.values()].flatMap(({ name, ...tensor }): readonly Weight[] =>
    name.startsWith('weight ') ? [{ ...tensor, name: name.slice('weight '.length) }] : [],
  );
  const container = document.getElementById('observation');
  if (!container) return;
  renderObservation(container, {
    signature,
    classes,
    inputs: batch('input', signature.inputs),
    weights,
    observation: {
      outputs: batch('output', signature.outputs),
      layers: layers.map((layer, i) => ({ ...layer, values: values(`layer ${i}`) as Float32Array })),
      saliency: saliency.map((of, i) => ({ ...of, values: values(`saliency ${i}`) as Float32Array })),
    },
  });
}

void show().catch((error: unknown) => {
  const container = document.getElementById('observation');
  if (container) container.textContent = error instanceof Error ? error.message : String(error);
});
