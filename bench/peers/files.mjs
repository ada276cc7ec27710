// Numbers in files, as they lie in memory.
import { readFileSync, writeFileSync } from 'node:fs';

export const write = (path, values) =>
  writeFileSync(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));

const bytes = (path) => {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return buffer.slice(byteOffset, byteOffset + byteLength);
};

export const readFloats = (path) => new Float32Array(bytes(path));
export const readIntegers = (path) => new Int32Array(bytes(path));
