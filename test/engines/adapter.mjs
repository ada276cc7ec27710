// Finds an adapter for Node: Dawn, from the package `webgpu` of this folder, on the machine's Vulkan driver or on SwiftShader,
// a software one that comes with Chromium.
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';

const chromiumFolders = [
  ...(process.env['CHROMIUM'] ? [dirname(process.env['CHROMIUM'])] : []),
  '/usr/lib/chromium',
  '/usr/lib/chromium-browser',
  '/opt/google/chrome',
];

/** The description of SwiftShader for the Vulkan loader; undefined where there is none. */
export const swiftshader = chromiumFolders
  .map((folder) => join(folder, 'vk_swiftshader_icd.json'))
  .find((path) => existsSync(path));

/** The same of Mesa's lavapipe, which wgpu takes and Dawn does not. */
export const lavapipe = ['x86_64', 'aarch64']
  .map((arch) => `/usr/share/vulkan/icd.d/lvp_icd.${arch}.json`)
  .find((path) => existsSync(path));

/** What shows that the kernel knows a GPU, be there a Vulkan driver for it or not. */
const devices = ['/dev/dri', '/dev/nvidiactl', '/dev/kfd', '/dev/dxg'];
export const hasGpu = process.platform !== 'linux' || devices.some((path) => existsSync(path));

/** The drivers that whoever runs this has chosen. `openAdapter` chooses one for its own process, which is not everybody's. */
export const chosenDrivers = process.env['VK_DRIVER_FILES'];

/** Environment in which the Vulkan loader finds this driver alone. It reads it whenever an instance is made. */
export const vulkanEnvironment = (driver) => ({
  VK_DRIVER_FILES: driver,
  XDG_RUNTIME_DIR: process.env['XDG_RUNTIME_DIR'] ?? tmpdir(),
});

export const howToInstall =
  'npm run gpu installs Dawn; Debian’s chromium has a software driver for it (apt-get install chromium libvulkan1)';

/** The name of an adapter, for people. */
export const nameOf = ({ info }) =>
  [info.vendor, info.architecture, info.device, info.description].filter((text) => text).join(' ');

/** Instances in use: devices do not keep theirs, and Dawn ends the process when one is collected. */
const instances = new Set();

/** A device of Dawn that compiles and computes nothing, with all that WGSL has; throws where Dawn is not installed. */
export async function openNullDevice() {
  const dawn = await import('webgpu');
  Object.assign(globalThis, dawn.globals);
  const gpu = dawn.create(['backend=null']);
  instances.add(gpu);
  const adapter = await gpu.requestAdapter();
  return adapter.requestDevice({ requiredFeatures: ['shader-f16', 'subgroups'] });
}

/** `{ gpu, adapter, name }`, or the `reason` why there is none. What `VK_DRIVER_FILES` names is all that is tried. */
export async function openAdapter() {
  let dawn;
  try {
    dawn = await import('webgpu');
  } catch (error) {
    return { reason: `Dawn is not installed (${error.message.split('\n')[0]}); ${howToInstall}` };
  }
  Object.assign(globalThis, dawn.globals);
  const open = async () => {
    // SwiftShader takes a store per element to make workgroup memory zero, and seconds to compile them; no shader relies on it.
    const gpu = dawn.create([
      'disable-dawn-features=timestamp_quantization',
      'enable-dawn-features=disable_workgroup_init',
    ]);
    instances.add(gpu);
    const adapter = await gpu.requestAdapter();
    return adapter ? { gpu, adapter, name: `Dawn, ${nameOf(adapter)}` } : undefined;
  };
  const chosen = process.env['VK_DRIVER_FILES'];
  // Dawn prints warnings where there is no driver.
  const listed = chosen?.split(delimiter).some((path) => existsSync(path));
  const own = (listed ?? hasGpu) ? await open() : undefined;
  if (own) return own;
  if (chosen !== undefined) return { reason: `Dawn finds no adapter in VK_DRIVER_FILES, ${chosen}` };
  if (swiftshader === undefined) return { reason: `there is no Vulkan driver for Dawn; ${howToInstall}` };
  Object.assign(process.env, vulkanEnvironment(swiftshader));
  return (await open()) ?? { reason: `Dawn finds no adapter in ${swiftshader}` };
}
