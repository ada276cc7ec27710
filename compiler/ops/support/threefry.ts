/**
 * Threefry-2x32 with 20 rounds: J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). A function of key and
 * counter with no state, made of add, rotate and xor, so that every target gives the same bits.
 */
import type { DefinitionBuilder } from '../../loop/builder.ts';
import type { Expr } from '../../loop/ir.ts';

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;
const ROUNDS = 20;

/** Arithmetic on 32-bit words: numbers on the host, expressions in a kernel. */
interface Words<W> {
  readonly add: (a: W, b: W) => W;
  readonly xor: (a: W, b: W) => W;
  readonly rotate: (x: W, by: number) => W;
  readonly word: (value: number) => W;
  /** Names a word that is read more than once. */
  readonly name: (name: string, value: W) => W;
}

type Pair<W> = readonly [W, W];

function threefry<W>(words: Words<W>, [k0, k1]: Pair<W>, [c0, c1]: Pair<W>): Pair<W> {
  const { add, xor, rotate, word, name } = words;
  const k2 = name('k2', xor(xor(k0, k1), word(PARITY)));
  const keys = [k0, k1, k2] as const;
  let x = name('x', add(c0, k0));
  let y = name('y', add(c1, k1));
  for (let round = 0; round < ROUNDS; round++) {
    x = name(`x${round}`, add(x, y));
    y = name(`y${round}`, xor(rotate(y, ROTATIONS[round % 8]!), x));
    if (round % 4 === 3) {
      const injection = (round + 1) / 4;
      x = name(`x${round}k`, add(x, keys[injection % 3]!));
      y = name(`y${round}k`, add(add(y, keys[(injection + 1) % 3]!), word(injection)));
    }
  }
  return [x, y];
}

const host: Words<number> = {
  add: (a, b) => (a + b) >>> 0,
  xor: (a, b) => (a ^ b) >>> 0,
  rotate: (x, by) => ((x << by) | (x >>> (32 - by))) >>> 0,
  word: (value) => value >>> 0,
  name: (_, value) => value,
};

/** Two random words from a key and a counter of two words each; all are 0 … 2^32-1. */
export const threefry2x32 = (key: Pair<number>, counter: Pair<number>): Pair<number> =>
  threefry(host, key, counter);

/** The same as u32 expressions. */
export function threefryExpression(b: DefinitionBuilder, key: Pair<Expr>, counter: Pair<Expr>): Pair<Expr> {
  const words: Words<Expr> = {
    add: (x, y) => b.binary('add', x, y),
    xor: (x, y) => b.binary('xor', x, y),
    rotate: (x, by) => b.binary('or', b.binary('shl', x, by), b.binary('shr', x, 32 - by)),
    word: (value) => b.literal(value, 'u32'),
    name: (name, value) => b.let(name, value),
  };
  return threefry(words, key, counter);
}

/** FNV-1a of the UTF-8 bytes of a stream's name, 32 bits: the second word of its key. */
export function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** A word as a number in [0, 1): its upper 24 bits, all that an f32 holds. */
export const unitFloat = (word: number): number => (word >>> 8) * 2 ** -24;
