import type { Encoder, GpuDevice } from './gpu-api.ts';
import { usage } from './gpu-api.ts';

/** Times the passes of one command encoder, as the GPU sees them. */
export function clockOf(device: GpuDevice, passes: number) {
  const size = passes * 16;
  const querySet = device.createQuerySet({ type: 'timestamp', count: passes * 2 });
  const resolved = device.createBuffer({ size, usage: usage.query | usage.from });
  const readback = device.createBuffer({ size, usage: usage.map | usage.to });
  return {
    descriptor: (pass: number) => ({
      timestampWrites: { querySet, beginningOfPassWriteIndex: pass * 2, endOfPassWriteIndex: pass * 2 + 1 },
    }),
    /** Behind the last pass. */
    stop(encoder: Encoder): void {
      encoder.resolveQuerySet(querySet, 0, passes * 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readback, 0, size);
    },
    /** In milliseconds, when all has been submitted. */
    async times(): Promise<number[]> {
      await readback.mapAsync(1);
      const stamps = new BigUint64Array(readback.getMappedRange().slice(0));
      for (const used of [querySet, resolved, readback]) used.destroy();
      return Array.from({ length: passes }, (_, i) => {
        const [from = 0n, to = 0n] = stamps.subarray(i * 2, i * 2 + 2);
        return Number(to - from) / 1e6;
      });
    },
  };
}
