/** Where threads wait for one another between launches. Uses the first two words of the memory. */
import type { Instruction, WasmFunction } from './instructions.ts';
import { get, i32 } from './instructions.ts';
import { anew, nextTicket } from './tickets.ts';

/** Byte addresses: how many threads have come, and how often all had. */
const arrived = 0;
const generation = 4;
/** Looks at the other word so often, for 0.1 ms, before the thread goes to sleep: waking takes longer than most waits. */
const spins = 50000;

const atomicLoad = (offset: number): Instruction => ({ op: 'i32.atomic.load', offset });

/** Parameter and locals of the function. */
const [threads, before, left] = [0, 1, 2];

/** Whether the generation is still the one before; pushes a condition. */
const unchanged: readonly Instruction[] = [i32(0), atomicLoad(generation), get(before), { op: 'i32.eq' }];

/** The last to come lets all go on: tickets begin at 0, so does the next generation, and those that sleep wake up. */
const release: readonly Instruction[] = [
  i32(0),
  i32(0),
  { op: 'i32.atomic.store', offset: arrived },
  i32(0),
  i32(0),
  { op: 'i32.atomic.store', offset: nextTicket },
  i32(0),
  i32(1),
  { op: 'i32.atomic.rmw.add', offset: generation },
  { op: 'drop' },
  i32(0),
  i32(-1),
  { op: 'memory.atomic.notify', offset: generation },
  { op: 'drop' },
];

const wait: readonly Instruction[] = [
  i32(spins),
  { op: 'local.set', local: left },
  {
    op: 'loop',
    body: [
      ...unchanged,
      get(left),
      i32(1),
      { op: 'i32.sub' },
      { op: 'local.tee', local: left },
      i32(0),
      { op: 'i32.gt_s' },
      { op: 'i32.and' },
      { op: 'br_if', depth: 0 },
    ],
  },
  {
    op: 'loop',
    body: [
      ...unchanged,
      {
        op: 'if',
        then: [
          i32(0),
          get(before),
          { op: 'i64.const', value: -1 },
          { op: 'memory.atomic.wait32', offset: generation },
          { op: 'drop' },
          { op: 'br', depth: 1 },
        ],
        otherwise: [],
      },
    ],
  },
];

/** `barrier(threads)`: returns when all threads have called it; none has a ticket then. */
export const barrierFunction: WasmFunction = {
  name: 'barrier',
  comment: 'returns when all threads have come here',
  parameters: [{ name: 'threads', type: 'i32' }],
  results: [],
  locals: ['i32', 'i32'],
  body: [
    i32(0),
    atomicLoad(generation),
    { op: 'local.set', local: before },
    i32(0),
    i32(1),
    { op: 'i32.atomic.rmw.add', offset: arrived },
    i32(1),
    { op: 'i32.add' },
    get(threads),
    { op: 'i32.eq' },
    { op: 'if', then: release, otherwise: wait },
    ...anew,
  ],
  exported: false,
};
