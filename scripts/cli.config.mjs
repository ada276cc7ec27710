/**
 * `npm run build` makes the command one file, dist/compiler/cli/program.cjs: Node reads and links the compiler's and its
 * dependencies' hundreds of modules in more time than it takes to compile a model. CommonJS, as V8 keeps bytecode of scripts only
 * (compiler/cli/code-cache.ts). The licences of what is bundled lie beside it.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Vite's heading is about apps. */
const licenseHeading = {
  name: 'license-heading',
  generateBundle: {
    order: 'post',
    handler(_, { 'licenses.md': file }) {
      file.source = String(file.source).replace('The app bundles', 'The command `cnnc` bundles');
    },
  },
};

export default defineConfig({
  root,
  plugins: [licenseHeading],
  publicDir: false,
  build: {
    ssr: 'compiler/cli/program.ts',
    outDir: 'dist/compiler/cli',
    // The other files there are the modules as tsc makes them.
    emptyOutDir: false,
    target: 'node20',
    minify: false,
    reportCompressedSize: false,
    license: { fileName: 'licenses.md' },
    rollupOptions: { output: { format: 'cjs', entryFileNames: 'program.cjs', codeSplitting: false } },
  },
  ssr: { noExternal: true },
  logLevel: 'warn',
});
