/** Samples for the page, as many at a time as it asks for: the data may be larger than its memory. */
import { arrayTypes, bytesOf, sizeOf } from '../../../runtime/arrays.ts';
import type { Dataset, PortInfo } from '../../../runtime/types.ts';
import type { Answer } from './server.ts';
import { RequestError } from './server.ts';

/** Most bytes in one answer. */
const most = 2 ** 26;

/**
 * From the numbers of samples, u32, to their arrays one behind the other: all samples of the first port, all of the second …
 * Everything in the byte order of this machine, which is that of the page.
 */
export function sampleReader(data: Dataset, ports: readonly PortInfo[]): Answer {
  const sampleBytes = ports.reduce(
    (sum, { dtype, shape }) => sum + sizeOf(shape) * arrayTypes[dtype].BYTES_PER_ELEMENT,
    0,
  );
  return async (body) => {
    if (body.length % 4 !== 0) throw new RequestError('the numbers of samples are not whole');
    const indices = new Uint32Array(Uint8Array.from(body).buffer);
    if (indices.length * sampleBytes > most) throw new RequestError(`more than ${most} bytes at once`);
    const outside = indices.find((index) => index >= data.size);
    if (outside !== undefined) throw new RequestError(`there is no sample ${outside} of ${data.size}`);
    const arrays = ports.map(
      ({ name, dtype, shape }) => [name, new arrayTypes[dtype](indices.length * sizeOf(shape))] as const,
    );
    await data.read(indices, Object.fromEntries(arrays));
    return Buffer.concat(arrays.map(([, array]) => bytesOf(array)));
  };
}
