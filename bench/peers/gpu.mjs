// Dawn in Node for a peer's process, and what the peer asks of it: dispatches, submissions, buffers, uploads.
import { openAdapter } from '../../test/engines/adapter.mjs';

let software = false;

/**
 * Milliseconds: on a software adapter those of all processors that this process took, which tell what work there was and not
 * what else the machine did.
 */
export function clock() {
  if (!software) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const counts = { dispatches: 0, submits: 0, uploaded: 0, created: 0 };
let live = 0;
let peak = 0;

/** Replaces a method by one that does `before` with its arguments, and `after` with the result, too. */
function watch(name, method, after) {
  const { prototype } = globalThis[name];
  const original = prototype[method];
  prototype[method] = function (...args) {
    const result = original.apply(this, args);
    after(args, result, this);
    return result;
  };
}

/** Sets `navigator.gpu`; gives the adapter's name, and whether it is a software one. Throws where there is none. */
export async function openGpu() {
  const { gpu, adapter, name, reason } = await openAdapter();
  if (gpu === undefined) throw new Error(reason);
  software = adapter.info.isFallbackAdapter === true;
  const navigator = { ...(globalThis.navigator ?? {}), userAgent: 'Node', gpu };
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
  const freed = new WeakSet();
  watch('GPUComputePassEncoder', 'dispatchWorkgroups', () => counts.dispatches++);
  watch('GPUComputePassEncoder', 'dispatchWorkgroupsIndirect', () => counts.dispatches++);
  watch('GPUQueue', 'submit', () => counts.submits++);
  watch('GPUQueue', 'writeBuffer', ([, , data, from = 0, size]) => {
    // In elements of what is written, or in bytes of a buffer.
    const width = data.BYTES_PER_ELEMENT ?? 1;
    counts.uploaded += size === undefined ? data.byteLength - from * width : size * width;
  });
  watch('GPUDevice', 'createBuffer', ([{ size, mappedAtCreation }]) => {
    counts.created++;
    if (mappedAtCreation) counts.uploaded += size;
    live += size;
    peak = Math.max(peak, live);
  });
  watch('GPUBuffer', 'destroy', (_, __, buffer) => {
    if (freed.has(buffer)) return;
    freed.add(buffer);
    live -= buffer.size;
  });
  return { adapter: name, software };
}

/** What was counted so far; `peak`: most bytes of buffers at once, since the last time that it was asked for. */
export function counted() {
  const result = { ...counts, peak };
  peak = live;
  return result;
}
