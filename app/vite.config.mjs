/**
 * `npm run build` makes dist/app/: the pages that `cnnc play` serves. Everything they need is bundled and listed with its
 * licence in dist/app/licenses.md; nothing comes from elsewhere when they run.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: folder('play'),
  base: './',
  publicDir: false,
  build: {
    outDir: folder('../dist/app'),
    emptyOutDir: true,
    target: 'es2022',
    // The content-security policy of the server knows no data: addresses.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
  worker: { format: 'es' },
  logLevel: 'warn',
});
