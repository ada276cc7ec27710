/**
 * What threads take as they get to it. Of a parallel loop every thread has iterations of its own, mostly the same ones in
 * every kernel, so that it finds in its cache what it wrote; the last quarter goes in small parts to whoever is free. So the
 * slower of two processors, or one that did something else in between, does less.
 *
 * Tickets are numbers that go up from one barrier to the next: every thread comes to the same loops in the same order and
 * counts their parts, so a ticket names one part of one of them.
 */
import type { Global, Instruction, WasmFunction } from './instructions.ts';
import { get, i32 } from './instructions.ts';

/** Byte addresses: the next ticket, and whether threads run at once (without, each does its share alone, in any order). */
export const nextTicket = 8;
const together = 12;

/** Loops with fewer iterations are shared evenly, and nothing is left over. */
const fewest = 8;
/** The part of a loop that is left over, and into how many pieces it goes at most. */
const leftOver = 4;
export const mostPieces = 16;

/** Of each thread, since each has an instance of the module: its ticket, -1 before it has one; parts it has passed. */
const [mine, passed] = [0, 1];
const variable = (value: number): Global => ({
  type: 'i32',
  value: { op: 'i32.const', value },
  mutable: true,
});
/** The first globals of a module with tickets. */
export const ticketGlobals: readonly Global[] = [variable(-1), variable(0)];

/** Indices of the functions in a module with tickets. */
export interface Tickets {
  /** `(length, threads)`: how many of the iterations are left over. */
  readonly rest: number;
  /** `(pieces)`: the number of a piece of the current loop that is now the caller's; -1: none is left. */
  readonly take: number;
}

const getGlobal = (global: number): Instruction => ({ op: 'global.get', global });
const setGlobal = (global: number): Instruction => ({ op: 'global.set', global });

/** A thread begins to count anew, as all do behind a barrier. */
export const anew: readonly Instruction[] = [i32(-1), setGlobal(mine), i32(0), setGlobal(passed)];

export const restFunction: WasmFunction = {
  name: 'rest',
  comment: 'how many iterations of a loop are left for threads that are free',
  parameters: [
    { name: 'length', type: 'i32' },
    { name: 'threads', type: 'i32' },
  ],
  results: ['i32'],
  locals: [],
  body: [
    get(0),
    i32(leftOver),
    { op: 'i32.div_s' },
    i32(0),
    i32(0),
    { op: 'i32.load', offset: together },
    get(1),
    i32(1),
    { op: 'i32.gt_s' },
    { op: 'i32.and' },
    get(0),
    i32(fewest),
    { op: 'i32.ge_s' },
    { op: 'i32.and' },
    { op: 'select' },
  ],
  exported: false,
};

const draw: readonly Instruction[] = [
  i32(0),
  i32(1),
  { op: 'i32.atomic.rmw.add', offset: nextTicket },
  setGlobal(mine),
];

export const takeFunction: WasmFunction = {
  name: 'take',
  comment: 'a piece of what is left of a loop, or -1',
  parameters: [{ name: 'pieces', type: 'i32' }],
  results: ['i32'],
  locals: ['i32'],
  body: [
    get(0),
    { op: 'i32.eqz' },
    { op: 'if', then: [i32(-1), { op: 'return' }], otherwise: [] },
    getGlobal(mine),
    i32(0),
    { op: 'i32.lt_s' },
    { op: 'if', then: draw, otherwise: [] },
    getGlobal(mine),
    getGlobal(passed),
    { op: 'i32.sub' },
    { op: 'local.tee', local: 1 },
    get(0),
    { op: 'i32.lt_s' },
    {
      op: 'if',
      result: 'i32',
      then: [...draw, get(1)],
      otherwise: [getGlobal(passed), get(0), { op: 'i32.add' }, setGlobal(passed), i32(-1)],
    },
  ],
  exported: false,
};
