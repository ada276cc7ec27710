/** The page that `cnnc inspect` writes: one file with its style, its script and its data, which asks for nothing else. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { readSafetensors, writeSafetensors } from '../../runtime/safetensors.ts';
import type { SavedTensor } from '../../runtime/safetensors.ts';
import type { Batch, Elements, Observation, ObservedLayer } from '../../runtime/types.ts';
import { invariant } from '../base/invariant.ts';
import { viewer } from '../generated/viewer.ts';
import type { Model } from '../index.ts';
import { portInfo } from './model-data.ts';

interface Inspection {
  readonly model: Model;
  /** The `.cnn` file and what was looked at, for the title. */
  readonly file: string;
  readonly name: string;
  readonly inputs: Batch;
  readonly observation: Observation<Batch>;
  /** A safetensors file. */
  readonly weights: Uint8Array;
}

export function inspectionPage(inspection: Inspection): string {
  const { model, file, name } = inspection;
  invariant(!/<\/script|<!--/iu.test(viewer), 'the script does not end the element that it is in');
  const data = deflateSync(dataOf(inspection), { level: 9 }).toString('base64');
  const policy = `default-src 'none'; script-src ${hashOf(viewer)}; style-src ${hashOf(style)}`;
  const title = `${escapeHtml(model.name)}: ${escapeHtml(name)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>What <code>${escapeHtml(model.name)}</code> sees in ${escapeHtml(name)}</h1>
<p>The pixels that its answer hangs on most are orange in the picture of what matters. Below stands each layer of
${escapeHtml(file)} with what it made of this one sample: 0 has the colour of the page, positive numbers are orange, negative ones
blue, and the scale beside a layer says how far its colours reach. Point at a picture to read its numbers, click it to keep it
large.</p>
<div id="observation"><noscript>The pictures are drawn by a script in this file.</noscript></div>
</main>
<script type="text/plain" id="data">${data}</script>
<script>${viewer}</script>
</body>
</html>
`;
}

const style = `
:root { color-scheme: light dark; color: #24211d; background: #fbfaf8; }
@media (prefers-color-scheme: dark) { :root { color: #e6e3de; background: #16181c; } }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 22px; line-height: 1.3; margin: 0 0 8px; overflow-wrap: anywhere; }
h1 code { font-family: ui-monospace, monospace; }
p { max-width: 68ch; margin: 0 0 28px; }
`;

/** Each word of the policy that lets a text through. */
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escapeHtml = (text: string): string => text.replaceAll(/[&<>"]/gu, (one) => escapes[one] ?? one);

/** The data as app/view/page.ts reads them. */
function dataOf({ model, inputs, observation, weights }: Inspection): Uint8Array {
  const { outputs, layers, saliency } = observation;
  const [inputPorts, outputPorts] = [model.inputs.map(portInfo), model.outputs.map(portInfo)];
  const shown = layers.map((layer) => smaller(layer));
  const tensor = (name: string, data: Elements, dtype: SavedTensor['dtype'] = 'f32'): SavedTensor => ({
    name,
    dtype,
    shape: [data.length],
    data,
  });
  const tensors = [
    ...inputPorts.map(({ name, dtype }) => tensor(`input ${name}`, inputs[name]!, dtype)),
    ...outputPorts.map(({ name, dtype }) => tensor(`output ${name}`, outputs[name]!, dtype)),
    ...shown.map(({ values }, i) => tensor(`layer ${i}`, rounded(values))),
    ...saliency.map(({ values }, i) => tensor(`saliency ${i}`, rounded(values))),
    ...[...readSafetensors(weights).tensors.values()]
      .filter(isSmallKernel)
      .map((kernel) => ({ ...kernel, name: `weight ${kernel.name}` })),
  ];
  const classes = model.outputs.flatMap(({ name, classes: names }) =>
    names ? [[name, names] as const] : [],
  );
  const inspected = JSON.stringify({
    signature: { name: model.name, inputs: inputPorts, labels: [], outputs: outputPorts, metrics: [] },
    classes: Object.fromEntries(classes),
    layers: shown.map(({ values: _, ...layer }) => layer),
    saliency: saliency.map(({ output, input }) => ({ output, input })),
  });
  return writeSafetensors(tensors, { inspected });
}

/** Kernels of convolutions that look at few channels, the ones that the page draws. */
function isSmallKernel({ shape }: SavedTensor): boolean {
  const [height = 0, width = 0, channels = 0] = shape;
  return shape.length === 4 && height * width > 1 && channels <= 4;
}

/** Numbers of a layer in the page, at most; those inside other layers have fewer. */
const mostNumbers = { outside: 2 ** 17, inside: 2 ** 15 };

/** Pictures that are too large for a page become means over squares. */
function smaller(layer: ObservedLayer): ObservedLayer & { readonly from?: readonly number[] } {
  const most = layer.depth === 0 ? mostNumbers.outside : mostNumbers.inside;
  const [height = 1, width = 1, channels = 1] = layer.shape;
  if (layer.shape.length !== 3 || layer.values.length <= most) return layer;
  let side = 2;
  const across = (extent: number): number => Math.ceil(extent / side);
  while (across(height) * across(width) * channels > most && side < Math.max(height, width)) side++;
  const [rows, columns] = [across(height), across(width)];
  const sums = new Float32Array(rows * columns * channels);
  const counts = new Float32Array(rows * columns);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = Math.floor(y / side) * columns + Math.floor(x / side);
      const from = y * width + x;
      counts[to]! += 1;
      for (let c = 0; c < channels; c++) sums[to * channels + c]! += layer.values[from * channels + c]!;
    }
  }
  const values = sums.map((sum, i) => sum / counts[Math.floor(i / channels)]!);
  return { ...layer, shape: [rows, columns, channels], values, from: layer.shape };
}

/** To a relative error of 2^-12, so that they deflate well. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(Float32Array.from(values).buffer);
  return new Float32Array(bits.map((word) => (word + 0x800) & 0xfffff000).buffer);
}
