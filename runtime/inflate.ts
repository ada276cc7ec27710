import { ModelError } from './errors.ts';

/** Unpacks what zlib packed, with what every engine has for web pages. */
export async function inflate(bytes: Uint8Array): Promise<Uint8Array> {
  if (typeof DecompressionStream !== 'function') {
    throw new ModelError('wasm-missing', 'this engine has no DecompressionStream, which unpacks WebAssembly');
  }
  const { readable, writable } = new DecompressionStream('deflate');
  const writer = writable.getWriter();
  void writer.write(bytes as Uint8Array<ArrayBuffer>);
  void writer.close();
  return new Uint8Array(await new Response(readable).arrayBuffer());
}
