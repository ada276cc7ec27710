/** 64 bits of numbers below 2^16, as two FNV-1a of different beginnings: 16 hexadecimal digits. */
export function hash64(...parts: readonly ArrayLike<number>[]): string {
  return [0x811c9dc5, 0x9747b28c]
    .map((basis) => {
      let hash = basis;
      for (const part of parts)
        for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part[i]!, 0x01000193);
      return (hash >>> 0).toString(16).padStart(8, '0');
    })
    .join('');
}

/** The UTF-16 code units of a text. */
export const codeUnits = (text: string): Uint16Array =>
  Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
