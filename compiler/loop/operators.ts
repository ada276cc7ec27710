/** What languages with the syntax of C write between the operands of an operation; the others are functions there. */
import type { BinaryOp } from './ir.ts';

export const infix = {
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  rem: '%',
  and: '&',
  or: '|',
  xor: '^',
  shl: '<<',
  shr: '>>',
} as const satisfies Record<Exclude<BinaryOp, 'min' | 'max'>, string>;
