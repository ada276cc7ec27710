// The bytes of the Keras classifier's module, gzipped.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compileModel, examples, table } from './support.mjs';

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

export function size() {
  const rows = [];
  for (const [what, options, aims] of [
    ['inference', { inference: true }, { ts: '<= 12 KB' }],
    ['with training', {}, { ts: '<= 25 KB', wasm: '<= 40 KB' }],
  ])
    for (const kernels of ['ts', 'wasm'])
      for (const target of ['js', 'ts']) {
        const { files } = compileModel(
          { path: join(examples, 'keras_classifier.cnn') },
          { target, kernels, ...options },
        );
        const { content } = files.find(({ path }) => path.endsWith(`.${target}`));
        rows.push([
          `${what}, ${target}, kernels ${kernels}`,
          kilobytes(Buffer.byteLength(content)),
          kilobytes(gzipSync(content, { level: 9 }).length),
          aims[kernels] ?? '',
        ]);
      }
  table('Size of the Keras classifier without weights', ['', 'plain', 'gzipped', 'aim'], rows);
}
