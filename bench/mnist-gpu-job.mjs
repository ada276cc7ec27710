// The part of `mnist-gpu` that runs in Deno: trains on the GPU, and leaves weights and what it sees in the test pictures.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [folder, job] = process.argv.slice(2);
const { epochs, image, truth } = JSON.parse(job);
const bytes = (name) => new Uint8Array(readFileSync(join(folder, name)));
const data = (name) => ({
  [image]: bytes(`${name}-images`),
  [truth]: new Int32Array(bytes(`${name}-labels`).buffer),
});

const { createModel } = await import(pathToFileURL(join(folder, 'model.mjs')).href);
const model = await createModel({ seed: 1 });
let shown = 0;
const began = performance.now();
await model.fit(data('train'), {
  epochs,
  onBatchEnd({ epoch, batch, batches, scores }) {
    if (performance.now() - shown < 10_000) return;
    shown = performance.now();
    const seconds = ((shown - began) / 1000).toFixed(0);
    console.error(
      `${seconds} s: epoch ${epoch}, batch ${batch} of ${batches}, loss ${scores.loss.toFixed(4)}`,
    );
  },
});
const seconds = (performance.now() - began) / 1000;
writeFileSync(join(folder, 'weights'), await model.saveWeights());
const test = data('test');
const { accuracy } = await model.evaluate(test);
const [probabilities] = Object.values(await model.predict({ [image]: test[image] }));
writeFileSync(join(folder, 'probabilities'), new Uint8Array(probabilities.buffer));
console.log(JSON.stringify({ adapter: model.info.adapter, seconds, accuracy }));
process.exit(0);
