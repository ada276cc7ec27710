// The bytes of the Keras classifier's module, gzipped.
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { compileModel, examples, table } from './support.mjs';

const kilobytes = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;

export function size() {
  const rows = [
    ['inference', { inference: true }, '<= 12 KB'],
    ['with training', {}, '<= 25 KB'],
  ].flatMap(([what, options, aim]) =>
    ['js', 'ts'].map((target) => {
      const { files } = compileModel(
        { path: join(examples, 'keras_classifier.cnn') },
        { target, ...options },
      );
      const { content } = files.find(({ path }) => path.endsWith(`.${target}`));
      return [
        `${what}, ${target}`,
        kilobytes(Buffer.byteLength(content)),
        kilobytes(gzipSync(content, { level: 9 }).length),
        aim,
      ];
    }),
  );
  table('Size of the Keras classifier without weights', ['', 'plain', 'gzipped', 'aim'], rows);
}
