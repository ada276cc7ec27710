// npm run gpu: installs what the tests on a GPU need from npm, and says which adapter they use, or what is missing.
import { install } from './install.mjs';

install();
const { howToInstall, lavapipe, openAdapter } = await import('./adapter.mjs');
const { name, reason } = await openAdapter();
console.log(name === undefined ? `No GPU tests: ${reason}.` : `npm test uses ${name}.`);
if (name === undefined && !reason.includes(howToInstall)) console.log(howToInstall);
if (lavapipe === undefined)
  console.log(
    'npm run engines needs a Vulkan driver for wgpu as well: Debian’s package mesa-vulkan-drivers has one.',
  );
process.exit(name === undefined ? 1 : 0);
