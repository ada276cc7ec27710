/** Where the memory of a program differs from that of another one of the same model, buffer by buffer, and why. */
import { formatType } from './base/types.ts';
import { hasTrait } from './graph/op.ts';
import type { Kernel } from './loop/ir.ts';
import { ops } from './ops/index.ts';
import type { Program, Routine } from './program/program.ts';

/**
 * `element`: an element takes more or fewer bytes. `kernel`: only the other target has the kernel that makes or needs it.
 * `divided`: part of a reduction that is divided among more threads. `operands`: kernels have fewer buffers, so it is stored
 * between two. `shared`: it has the place of another value, since other values are stored around it. `f16`: a copy for
 * prediction on devices that have it.
 */
type Reason = 'element' | 'kernel' | 'divided' | 'operands' | 'shared' | 'f16';

export interface BufferDifference {
  /** A name of the model, or the op that makes what lies there. */
  readonly name: string;
  /** Path of the layer and line, where known. */
  readonly layer?: string;
  readonly line?: number;
  /** `f32[N, 13, 13, 32]` */
  readonly type: string;
  /** Where the other is of another type. */
  readonly otherType?: string;
  /** 0: there is none. */
  readonly bytes: number;
  readonly otherBytes: number;
  readonly reason: Reason;
}

/** What persists (`persistent`) or what one routine works in. */
export interface MemoryDifference {
  readonly name: 'persistent' | Routine['name'];
  readonly planned: number;
  readonly otherPlanned: number;
  /** Of a routine. */
  readonly launches?: number;
  readonly otherLaunches?: number;
  readonly buffers: readonly BufferDifference[];
}

/** Arenas of `program` against those of `other`; a routine that only one of them has counts as empty in the other. */
export function compareMemory(program: Program, other: Program): readonly MemoryDifference[] {
  const names = new Set([...program.routines, ...other.routines].map(({ name }) => name));
  return [
    {
      name: 'persistent',
      planned: program.persistentBytes,
      otherPlanned: other.persistentBytes,
      buffers: [...differences(persistentBuffers(program), persistentBuffers(other)), ...halvesOf(program)],
    },
    ...[...names].map((name): MemoryDifference => {
      const [one, two] = [program, other].map((each) =>
        each.routines.find((routine) => routine.name === name),
      );
      return {
        name,
        planned: one?.memory.planned ?? 0,
        otherPlanned: two?.memory.planned ?? 0,
        launches: launchCount(one),
        otherLaunches: launchCount(two),
        buffers: differences(one ? workBuffers(program, one) : [], two ? workBuffers(other, two) : []),
      };
    }),
  ];
}

const launchCount = (routine: Routine | undefined): number =>
  routine === undefined ? 0 : routine.launches.length + routine.commit.length;

/** A buffer and the kernels that write and read it. */
interface Known extends Pick<BufferDifference, 'name' | 'layer' | 'line' | 'type'> {
  readonly bytes: number;
  readonly kernels: readonly Kernel[];
}

const halvesOf = ({ persistent }: Program): readonly BufferDifference[] =>
  persistent
    .filter(({ stored }) => stored)
    .map((tensor) => {
      const { name, placement } = tensor;
      return { name, type: formatType(tensor), bytes: placement.bytes, otherBytes: 0, reason: 'f16' };
    });

function persistentBuffers(program: Program): readonly Known[] {
  const alike = program.persistent.filter(({ stored }) => !stored);
  return alike.map((tensor): Known => {
    const { placement, name } = tensor;
    const kernels = program.routines.flatMap((routine) => {
      const index = routine.allocations.findIndex(({ placement: at }) => {
        return at.arena === 'persistent' && at.offset === placement.offset;
      });
      return usersOf(program, routine, index).map(({ kernel }) => kernel);
    });
    return { name, type: formatType(tensor), bytes: placement.bytes, kernels };
  });
}

function workBuffers(program: Program, routine: Routine): readonly Known[] {
  return routine.allocations.flatMap((allocation, i): Known[] => {
    const { name, placement } = allocation;
    if (placement.arena !== 'work') return [];
    const users = usersOf(program, routine, i);
    const [location] = users[0]?.locations ?? [];
    return [
      {
        name: name.replace(/^%\d+ /u, ''),
        ...(location?.scope !== undefined && { layer: location.scope }),
        ...(location !== undefined && { line: location.line }),
        type: formatType(allocation),
        bytes: placement.bytes,
        kernels: users.map(({ kernel }) => kernel),
      },
    ];
  });
}

function usersOf({ kernels }: Program, { launches, commit }: Routine, allocation: number) {
  return [...launches, ...commit].flatMap(({ kernel, operands, locations }) => {
    const used = kernels[kernel];
    return used !== undefined && operands.includes(allocation) ? [{ kernel: used, locations }] : [];
  });
}

/** By what buffers are matched, the surest first. Whatever has an equal in the other program is no difference. */
const keys: readonly ((buffer: Known) => string)[] = [
  ({ name, layer = '', type, bytes }) => `${name} ${layer} ${type} ${bytes}`,
  ({ layer = '', type, bytes }) => `${layer} ${type} ${bytes}`,
  ({ type, bytes }) => `${type} ${bytes}`,
  ({ name, type }) => `${name} ${type}`,
  ({ layer, line, type }) => `${layer ?? ''} ${line ?? ''} ${type}`,
  ({ name }) => (/^prepared\./u.test(name) ? name : ''),
];

function differences(here: readonly Known[], there: readonly Known[]): readonly BufferDifference[] {
  let [mine, theirs] = [here, there];
  const resized: BufferDifference[] = [];
  for (const key of keys) {
    const open = new Map<string, Known[]>();
    for (const buffer of theirs) open.set(key(buffer), [...(open.get(key(buffer)) ?? []), buffer]);
    open.delete('');
    const matched = new Set<Known>();
    mine = mine.filter((buffer) => {
      const other = open.get(key(buffer))?.shift();
      if (other === undefined) return true;
      matched.add(other);
      if (other.bytes !== buffer.bytes) resized.push(resizedBuffer(buffer, other));
      return false;
    });
    theirs = theirs.filter((buffer) => !matched.has(buffer));
  }
  return [
    ...resized,
    ...mine.map(({ kernels: _, ...known }): BufferDifference => {
      return { ...known, otherBytes: 0, reason: isReduced(known.name) ? 'divided' : 'operands' };
    }),
    ...theirs.map(({ kernels, bytes, ...known }): BufferDifference => {
      const rest = isReduced(known.name) ? 'divided' : 'shared';
      return { ...known, bytes: 0, otherBytes: bytes, reason: isBuilt(kernels) ? 'kernel' : rest };
    }),
  ];
}

/** Whether a reduction makes what lies in a buffer of this name. */
function isReduced(name: string): boolean {
  const op = ops.get(name);
  return op !== undefined && hasTrait(op, 'reduction');
}

/** Whether an op wrote the loops of a kernel: not every target can run these. */
const isBuilt = (kernels: readonly Kernel[]): boolean => kernels.some(({ built }) => built === true);

function resizedBuffer({ kernels, ...known }: Known, other: Known): BufferDifference {
  return {
    ...known,
    ...(other.type !== known.type && { otherType: other.type }),
    otherBytes: other.bytes,
    reason: isBuilt(other.kernels) && !isBuilt(kernels) ? 'kernel' : 'element',
  };
}
