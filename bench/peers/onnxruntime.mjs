// ONNX Runtime on the file that PyTorch exported: as WebAssembly, or its native library. One thread.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { versionOf } from '../support.mjs';
import { readFloats } from './files.mjs';

export async function open({ peer, model, kind, folder, shape }) {
  if (kind === 'step') throw new Error('does not train');
  const ort = await import(peer);
  const web = peer === 'onnxruntime-web';
  if (web) ort.env.wasm.numThreads = 1;
  const session = await ort.InferenceSession.create(
    new Uint8Array(readFileSync(join(folder, `${model}.onnx`))),
    {
      executionProviders: [web ? 'wasm' : 'cpu'],
      graphOptimizationLevel: 'all',
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
    },
  );
  const [height, width, channels] = shape;
  const image = new ort.Tensor('float32', readFloats(join(folder, 'infer.nchw')), [
    1,
    channels,
    height,
    width,
  ]);
  const feeds = { [session.inputNames[0]]: image };
  const run = async () => (await session.run(feeds))[session.outputNames[0]].data;
  return { about: `${peer} ${versionOf(peer)}`, check: run, run };
}
