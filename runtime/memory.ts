import { ModelError } from './errors.ts';

export function allocate(bytes: number): ArrayBuffer {
  try {
    return new ArrayBuffer(bytes);
  } catch {
    throw new ModelError('memory', `there is no room for ${bytes} bytes`);
  }
}
