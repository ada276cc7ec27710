/** The bytes of a file: in memory where they had to be unpacked, else read from the disk where they lie. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { fileError } from './error.ts';

export interface Bytes {
  readonly file: string;
  readonly length: number;
  /** Copies `length` bytes from `position` to `into[offset …]`. */
  read(position: number, length: number, into: Uint8Array, offset: number): void;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Closes a file once nothing can read it any more, for datasets have no `close`. */
const unreachableFiles = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** Opens a plain file, which stays on the disk, or a gzipped one, which is unpacked into memory. */
export function openBytes(file: string): Bytes {
  let descriptor: number;
  let length: number;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error('it is not a file');
    length = stat.size;
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw fileError('data-file', file, `cannot be opened (${reason(error)})`);
  }
  const start = new Uint8Array(2);
  readSync(descriptor, start, 0, 2, 0);
  if (start[0] === 0x1f && start[1] === 0x8b) {
    closeSync(descriptor);
    return inMemory(file, gunzip(file));
  }
  const bytes: Bytes = {
    file,
    length,
    read(position, count, into, offset) {
      let done = 0;
      while (done < count) {
        const got = readSync(descriptor, into, offset + done, count - done, position + done);
        if (got === 0)
          throw fileError('data-format', file, `ends at byte ${position + done}; it was ${length} long`);
        done += got;
      }
    },
  };
  unreachableFiles.register(bytes, descriptor);
  return bytes;
}

function gunzip(file: string): Uint8Array {
  try {
    return gunzipSync(readFileSync(file));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const what =
      code === 'Z_BUF_ERROR' ? 'the gzip data are cut short' : `the gzip data are damaged (${reason(error)})`;
    throw fileError('data-format', file, what);
  }
}

function inMemory(file: string, content: Uint8Array): Bytes {
  return {
    file,
    length: content.length,
    read: (position, count, into, offset) => into.set(content.subarray(position, position + count), offset),
  };
}

/** `visit` sees the whole content in pieces of `pieceSize` bytes (the last may be shorter). */
export function eachPiece(
  bytes: Bytes,
  pieceSize: number,
  visit: (piece: Uint8Array, position: number) => void,
): void {
  const piece = new Uint8Array(Math.min(pieceSize, bytes.length));
  for (let position = 0; position < bytes.length; position += pieceSize) {
    const count = Math.min(pieceSize, bytes.length - position);
    bytes.read(position, count, piece, 0);
    visit(piece.subarray(0, count), position);
  }
}

/** A short hash of the contents, whatever they are called and wherever they lie. */
export function hashOf(contents: readonly Bytes[]): string {
  const hash = createHash('sha256');
  for (const bytes of contents) eachPiece(bytes, 2 ** 20, (piece) => hash.update(piece));
  return hash.digest('hex').slice(0, 32);
}
