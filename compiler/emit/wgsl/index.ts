/** A Program as WGSL: shaders that a person can read, and what a host needs to launch them. */
import { invariant } from '../../base/invariant.ts';
import type { Kernel } from '../../loop/ir.ts';
import type { Launch, Program, Routine } from '../../program/program.ts';
import { bindingsOf } from './bindings.ts';
import { helperNames, Helpers } from './functions.ts';
import { mathTexts } from './math.ts';
import { NameScope } from './names.ts';
import { shaderOf, withSubgroups, writtenOut } from './shader.ts';
import { usesSubgroups } from './subgroups.ts';

/** How many workgroups along one axis: ceil((constant + perSample * N) / divisor). */
export interface WorkgroupCount {
  readonly constant: number;
  readonly perSample: number;
  readonly divisor: number;
}

export interface Shader {
  /** Entry point and label. */
  readonly name: string;
  /** Its declarations and entry point; complete behind `WgslProgram.common`. */
  readonly text: string;
  /** Needs a device with f16, and `enable f16;` before `common`. */
  readonly f16?: boolean;
  /** The same for a device with subgroups, behind `enable subgroups;` and `common`; absent where they do not help. */
  readonly subgroups?: string;
  /**
   * Access of each operand of the launch. `shared`: it lies where an operand before it lies, and has that one's binding; the
   * others are bindings 1, 2, … of group 0. Binding 0 is the `Batch`: a uniform, but for the gate.
   */
  readonly access: readonly ('read' | 'read_write' | 'shared')[];
  readonly workgroups: readonly [x: WorkgroupCount, y: WorkgroupCount, z: WorkgroupCount];
}

export interface WgslProgram {
  /** `struct Batch { samples: u32, go: u32 }` with its binding, functions: begins every shader. */
  readonly common: string;
  readonly shaders: readonly Shader[];
  /** Of each routine: the index into `shaders` of every launch, those of the commit phase last. */
  readonly launches: ReadonlyMap<Routine, readonly number[]>;
  /** Where there is a commit phase, what is launched before it, with the flag of its routine as its operand. */
  readonly gate?: Shader;
}

/** What a device may have beyond the rest, and shaders may use. */
export type Feature = 'subgroups' | 'f16';

/**
 * All shaders of a program whose kernels are scheduled for `wgsl`. Equal kernels share one, unless their access differs. Where
 * `subgroups` are among the features and help, a shader has another text; what is stored as f16 is said by the program.
 */
export function emitWgsl(program: Program, features: readonly Feature[] = []): WgslProgram {
  const module = new Module(program, features.includes('subgroups'));
  const launches = new Map(
    [...program.routines, ...(program.halved ?? [])].map((routine) => [
      routine,
      [
        ...routine.launches.map((launch) => module.shader(launch, routine, false)),
        ...routine.commit.map((launch) => module.shader(launch, routine, true)),
      ],
    ]),
  );
  const commits = program.routines.some(({ finite }) => finite !== undefined);
  const gate = commits ? module.gate() : undefined;
  return { common: module.common(), shaders: module.shaders, launches, ...(gate && { gate }) };
}

class Module {
  readonly shaders: Shader[] = [];
  readonly #program: Program;
  readonly #names = new NameScope();
  readonly #helpers = new Helpers();
  readonly #known = new Map<string, number>();
  /** Of each kernel: what its first shader is called. */
  readonly #entries: readonly string[];
  readonly #writtenOut = new Map<number, Kernel>();
  readonly #subgroups: boolean;
  /** Names of a module of the texts for subgroups. */
  readonly #subgroupNames = new NameScope();

  constructor(program: Program, subgroups: boolean) {
    this.#program = program;
    this.#subgroups = subgroups;
    for (const names of [this.#names, this.#subgroupNames])
      for (const name of helperNames()) names.reserve(name);
    this.#entries = program.kernels.map(({ name }) => this.#names.exact(name));
  }

  /** The index of the shader for a launch. */
  shader(launch: Launch, routine: Routine, gated: boolean): number {
    const kernel = this.#kernel(launch.kernel);
    const bindings = bindingsOf(kernel, launch, routine);
    const form = bindings.map(({ access, operand }) => `${operand} ${access}`).join(', ');
    const key = `${launch.kernel}: ${form}${gated ? ', gated' : ''}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const own = this.#entries[launch.kernel] ?? kernel.name;
    const isFirst = !this.shaders.some(({ name }) => name === own);
    const entry = isFirst ? own : this.#names.unique(gated ? `${own}_gated` : own);
    const options = { entry, bindings, gated, names: this.#names, helpers: this.#helpers };
    const lowered = this.#program.kernels[launch.kernel];
    const subgroups =
      this.#subgroups && lowered && usesSubgroups(lowered)
        ? shaderOf(withSubgroups(lowered), { ...options, names: this.#subgroupNames }).text
        : undefined;
    this.shaders.push({ ...shaderOf(kernel, options), ...(subgroups !== undefined && { subgroups }) });
    this.#known.set(key, this.shaders.length - 1);
    return this.shaders.length - 1;
  }

  /** Closes the commit phase where a step was not finite; it stays closed for those behind it. */
  gate(): Shader {
    const [name, finite, state] = ['gate', 'finite', 'state'].map((each) => this.#names.unique(each));
    const one = { constant: 1, perSample: 0, divisor: 1 };
    const text = `// Closes the commit phase where a step was not finite; it stays closed for those behind it.
@group(0) @binding(0) var<storage, read_write> ${state}: Batch;
@group(0) @binding(1) var<storage, read_write> ${finite}: u32;

@compute @workgroup_size(1)
fn ${name}() {
  ${state}.go &= ${finite};
}
`;
    return { name: name ?? '', text, access: ['read_write'], workgroups: [one, one, one] };
  }

  #kernel(index: number): Kernel {
    const known = this.#writtenOut.get(index);
    if (known !== undefined) return known;
    const kernel = this.#program.kernels[index];
    invariant(kernel, `there is no kernel ${index}`);
    const ready = writtenOut(kernel);
    this.#writtenOut.set(index, ready);
    return ready;
  }

  common(): string {
    // Mathematics may use other functions, so it comes first.
    const math = mathTexts(this.#helpers);
    return [batchText, ...this.#helpers.texts(), ...math].join('\n') + '\n\n';
  }
}

const batchText = `struct Batch {
  // The actual number of samples, N.
  samples: u32,
  // 0 where a step was not finite: nothing is to be written then.
  go: u32,
}
@group(0) @binding(0) var<uniform> batch: Batch;`;
