/**
 * `npm run build` makes dist/compiler/cli/main.js one file: Node reads and links the compiler's and its dependencies' hundreds
 * of modules in more time than it takes to compile a model. The licences of what is bundled lie beside it.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  publicDir: false,
  build: {
    ssr: 'compiler/cli/main.ts',
    outDir: 'dist/compiler/cli',
    // The other files there are the modules as tsc makes them.
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
  },
  ssr: { noExternal: true },
  logLevel: 'warn',
});
