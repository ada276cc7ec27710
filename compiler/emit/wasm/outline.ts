/**
 * Loops over register tiles as functions of their own. V8 allots registers per function: where a kernel has many loops it
 * keeps what each of them needs on the stack, and reads it again in the innermost one; and how often it writes out a loop
 * depends on how deep that lies in its function.
 */
import type { Instruction, Parameter, ValueType, WasmFunction } from './instructions.ts';
import { localOrder, visitInstructions } from './instructions.ts';
import type { Called } from './called.ts';

/** The body with a call in place of each loop that is marked; `types` are those of all locals, parameters first. */
export function outlined(
  body: readonly Instruction[],
  types: readonly ValueType[],
  name: string,
  called: Called,
): readonly Instruction[] {
  let count = 0;
  const within = (list: readonly Instruction[]): readonly Instruction[] => {
    let result: Instruction[] | undefined;
    for (const [i, instruction] of list.entries()) {
      const now = replaced(instruction);
      if (now !== undefined) result ??= list.slice(0, i);
      result?.push(...(now ?? [instruction]));
    }
    return result ?? list;
  };
  /** Undefined where it stays as it is, which nearly all do. */
  const replaced = (instruction: Instruction): readonly Instruction[] | undefined => {
    switch (instruction.op) {
      case 'block':
      case 'loop': {
        if (instruction.op === 'loop' && instruction.apart)
          return callOf(instruction, types, `${name}_tiles${count++}`, called);
        const inside = within(instruction.body);
        return inside === instruction.body ? undefined : [{ ...instruction, body: inside }];
      }
      case 'if': {
        const [then, otherwise] = [within(instruction.then), within(instruction.otherwise)];
        const same = then === instruction.then && otherwise === instruction.otherwise;
        return same ? undefined : [{ ...instruction, then, otherwise }];
      }
      default:
        return undefined;
    }
  };
  return within(body);
}

/** Nothing behind the loop reads what it sets. */
function callOf(
  loop: Instruction,
  types: readonly ValueType[],
  name: string,
  called: Called,
): readonly Instruction[] {
  const before = [...readBefore([loop])].toSorted((a, b) => a - b);
  const numbers = new Map(before.map((local, i) => [local, i]));
  const others = new Set<number>();
  visitInstructions([loop], (instruction) => {
    if (instruction.op !== 'local.set' && instruction.op !== 'local.tee' && instruction.op !== 'local.get')
      return;
    if (!numbers.has(instruction.local)) others.add(instruction.local);
  });
  const typeOf = (local: number): ValueType => types[local]!;
  const rank = (local: number): number => localOrder.indexOf(typeOf(local));
  const own = [...others].sort((a, b) => rank(a) - rank(b) || a - b);
  for (const local of own) numbers.set(local, numbers.size);
  const fn: WasmFunction = {
    name,
    parameters: before.map((local, i): Parameter => ({
      name: `p${i}`,
      type: typeOf(local),
    })),
    results: [],
    locals: own.map(typeOf),
    body: [renumbered(loop, numbers)],
    exported: false,
  };
  return [
    ...before.map((local): Instruction => ({ op: 'local.get', local })),
    { op: 'call', function: called.add(fn) },
  ];
}

/** Locals that may be read before they are set. */
function readBefore(body: readonly Instruction[]): ReadonlySet<number> {
  const found = new Set<number>();
  const walk = (list: readonly Instruction[], set: Set<number>): void => {
    for (const instruction of list)
      switch (instruction.op) {
        case 'local.get':
          if (!set.has(instruction.local)) found.add(instruction.local);
          break;
        case 'local.set':
        case 'local.tee':
          set.add(instruction.local);
          break;
        case 'loop':
          walk(instruction.body, set);
          break;
        case 'block':
          walk(instruction.body, new Set(set));
          break;
        case 'if':
          walk(instruction.then, new Set(set));
          walk(instruction.otherwise, new Set(set));
          break;
        default:
      }
  };
  walk(body, new Set());
  return found;
}

function renumbered(instruction: Instruction, numbers: ReadonlyMap<number, number>): Instruction {
  const inside = (body: readonly Instruction[]): readonly Instruction[] =>
    body.map((child) => renumbered(child, numbers));
  switch (instruction.op) {
    case 'local.get':
    case 'local.set':
    case 'local.tee':
      return {
        ...instruction,
        local: numbers.get(instruction.local)!,
      };
    case 'loop':
    case 'block':
      return { op: instruction.op, body: inside(instruction.body) };
    case 'if':
      return {
        ...instruction,
        then: inside(instruction.then),
        otherwise: inside(instruction.otherwise),
      };
    default:
      return instruction;
  }
}
