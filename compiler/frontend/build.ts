/** What is shared while one model is analysed (`Session`), one of its graphs is built (`Build`), one body runs (`Env`). */
import type { Location, Span } from '../base/source.ts';
import type { TensorType } from '../base/types.ts';
import { elementCount, formatType } from '../base/types.ts';
import { GraphBuilder } from '../graph/builder.ts';
import type { Parameter, Value } from '../graph/ir.ts';
import type { Datum } from './datum.ts';
import type { LayerSummary } from './model.ts';
import type { InstanceNames } from './names.ts';
import { ownerOf } from './names.ts';
import type { PersistentEntry } from './persistents.ts';
import type { Frame, Reporter, Written } from './report.ts';
import type { Scope } from './scope.ts';
import { locationOf } from './unit.ts';

export interface Session {
  readonly reporter: Reporter;
  readonly read: (path: string) => string | undefined;
  readonly persistents: Map<string, PersistentEntry>;
  /** How many numbers the params and states have so far. */
  elements: number;
}

/** How many layer instances and ops a graph may have, its optimizer apart. ResNet-1001 has about 4000. */
const maxSteps = 40_000;
/** The optimizer's ops of all parameters together. */
export const maxOptimizerSteps = 1_000_000;
export const maxElements = 2 ** 31;

export type MutableSummary = { -readonly [K in keyof LayerSummary]: LayerSummary[K] };

export class Build {
  readonly session: Session;
  readonly graph: 'infer' | 'evaluate' | 'step';
  readonly builder = new GraphBuilder();
  /** Values that `set` gave to a state in this step, one per use of a shared layer. */
  readonly sets = new Map<string, Value[]>();
  /** Where each parameter was first read in this graph. */
  readonly sites = new Map<string, string>();
  readonly layers: MutableSummary[] = [];
  /** What they gave. */
  readonly results = new Map<LayerSummary, Value>();
  /** The label inputs: what does not fit them is about the choice of label or loss. */
  readonly labels = new Set<Value>();
  /** What in the text made a node, for errors that show only in the finished graph. */
  readonly origins = new Map<Value, Written>();
  lastLocation: { readonly span: Span; readonly scope: string; readonly location: Location } | undefined;
  /** Nodes that compute single numbers, by what they compute. */
  readonly scalars = new Map<string, Value>();
  readonly #numbers = new Map<Value, number>();
  /** How deep expressions and instances are nested right now. */
  depth = 0;
  /** Steps left before the model counts as too large. */
  fuel = maxSteps;
  readonly seed: Parameter = {
    kind: 'parameter',
    role: 'input',
    name: '$seed',
    type: { dtype: 'u32', shape: [] },
  };
  readonly step: Parameter = {
    kind: 'parameter',
    role: 'input',
    name: '$step',
    type: { dtype: 'u32', shape: [] },
  };
  /** `$step` + 1 as f32, once an optimizer has asked for it. */
  runningStep: Value | undefined;

  constructor(session: Session, graph: 'infer' | 'evaluate' | 'step') {
    this.session = session;
    this.graph = graph;
  }

  /** A number of its own for each value. */
  numberOf(value: Value): string {
    const known = this.#numbers.get(value) ?? this.#numbers.size;
    this.#numbers.set(value, known);
    return `%${known}`;
  }

  get training(): boolean {
    return this.graph === 'step';
  }
}

/** An output of the model under construction. */
export interface OutputValue {
  readonly name: string;
  readonly datum: Datum;
  readonly classes?: readonly string[];
  readonly span: Span;
}

export interface Env {
  readonly build: Build;
  readonly frame: Frame;
  readonly scope: Scope;
  readonly names: InstanceNames;
  /** Words of the enclosing layer's own parameters: `padding == same`. */
  readonly words: ReadonlySet<string>;
  /** Present in a model's body only. */
  readonly outputs?: OutputValue[];
  /** The param whose optimizer is being built: states become its slots. */
  readonly slotOf?: string;
}

/** The place of a node in the user's text. Nodes of one place share their location. */
export function locate(env: Env, span: Span, scope: string): Location {
  let { frame } = env;
  while (!frame.unit.user && frame.caller) {
    span = frame.caller.span;
    frame = frame.caller.frame;
  }
  const { build } = env;
  const listed = env.slotOf === undefined ? scope : ownerOf(env.slotOf);
  const last = build.lastLocation;
  if (last?.span === span && last.scope === listed) return last.location;
  const location = locationOf(frame.unit, span, listed);
  build.lastLocation = { span, scope: listed, location };
  return location;
}

/** Takes one step of the graph's allowance; false, and reported once, when it is used up. */
export function spend(env: Env, span: Span): boolean {
  const { build } = env;
  if (build.fuel > 0) {
    build.fuel--;
    return true;
  }
  if (build.fuel === 0) {
    build.fuel = -1;
    build.session.reporter.error(
      env.frame,
      span,
      'E0602',
      `the model is too large: it has more than ${maxSteps} layers and ops`,
    );
  }
  return false;
}

/** False, and reported, for a value of more than 2^31 elements per sample. */
export function checkSize(env: Env, type: TensorType, span: Span, what: string): boolean {
  if (elementCount(type.shape, 1) <= maxElements) return true;
  env.build.session.reporter.error(
    env.frame,
    span,
    'E0601',
    `${what} would be ${formatType(type)}: more than 2^31 elements`,
  );
  return false;
}
