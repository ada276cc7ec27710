/**
 * What an op is. One file in `ops/` defines one op with `defineOp`; everything about it stands there. The generic
 * parameters exist so that a rule that forgets an operand or misspells an attribute does not compile.
 */
import type { DType, TensorType } from '../base/types.ts';
import type { Code } from '../base/diagnostic.ts';
import type { Definition, StoreElement } from '../loop/definition.ts';
import type { Stmt } from '../loop/ir.ts';
import type { DefinitionBuilder, TensorReader } from '../loop/builder.ts';
import type { Trait } from '../base/trait.ts';
import type { Attributes, Value } from './ir.ts';
import type { GraphBuilder } from './builder.ts';

/** `tensor` is one value, `tensors` any number of values (last or only operand). `dtypes` says what is accepted; default: f32 only. */
export interface OperandSpec {
  readonly kind: 'tensor' | 'tensors';
  readonly dtypes: readonly DType[] | 'any';
  readonly doc: string;
}
export type OperandSpecs = Readonly<Record<string, OperandSpec>>;

type AttributeType =
  | 'int'
  | 'float'
  | 'bool'
  | 'string'
  /** two ints: height, width */
  | 'size'
  | 'ints'
  | 'dtype'
  /** `'valid'`, `'same'`, or explicit zeros around: height, width */
  | 'padding';

export interface AttributeSpec {
  readonly type: AttributeType;
  readonly doc: string;
  /** Absent: the attribute must be given. */
  readonly default?: number | boolean | string | readonly number[];
  /** For `string`: the words that are allowed. */
  readonly words?: readonly string[];
  /** Values below are diagnosed before `infer` runs (int, float, each of size and ints). */
  readonly minimum?: number;
}
export type AttributeSpecs = Readonly<Record<string, AttributeSpec>>;

export type Padding = 'valid' | 'same' | readonly number[];

type ValueOfAttribute<S extends AttributeSpec> = S['type'] extends 'int' | 'float'
  ? number
  : S['type'] extends 'bool'
    ? boolean
    : S['type'] extends 'string'
      ? string
      : S['type'] extends 'dtype'
        ? DType
        : S['type'] extends 'padding'
          ? Padding
          : readonly number[];
export type AttributesOf<A extends AttributeSpecs> = { readonly [K in keyof A]: ValueOfAttribute<A[K]> };

type PerOperand<O extends OperandSpecs, T> = {
  readonly [K in keyof O]: O[K]['kind'] extends 'tensors' ? readonly T[] : T;
};
export type ValuesOf<O extends OperandSpecs> = PerOperand<O, Value>;
type TypesOf<O extends OperandSpecs> = PerOperand<O, TensorType>;
type ReadersOf<O extends OperandSpecs> = PerOperand<O, TensorReader>;

/**
 * `infer` found that these operands do not go together: the user's mistake, told in the user's terms. The message does not
 * name the op; who reports it puts the layer or op before it: "`conv2d_3`: the kernel is 3x3, larger than …".
 */
export interface Mismatch {
  readonly mismatch: { readonly code: Code; readonly message: string; readonly hint?: string };
}

/** One call for the tests: operand shapes (f32 by default) and attributes. `N` may be used as the outermost extent. */
export interface Sample<O extends OperandSpecs = OperandSpecs, A extends AttributeSpecs = AttributeSpecs> {
  readonly operands: PerOperand<O, SampleOperand>;
  readonly attributes?: Partial<AttributesOf<A>>;
}
export interface SampleOperand {
  readonly shape: TensorType['shape'];
  readonly dtype?: DType;
  /** Random values are drawn uniformly from here; default [-1, 1) for f32, [0, 256) for u8, {0, 1} for bool, [0, 4) for i32 and u32. */
  readonly range?: readonly [number, number];
  /** Values given one by one instead of drawn. */
  readonly values?: readonly number[];
}

interface OpDefinition<O extends OperandSpecs, A extends AttributeSpecs> {
  readonly name: string;
  /** One sentence, then the formula; feeds the reference page. */
  readonly doc: string;
  readonly operands: O;
  readonly attributes: A;
  readonly traits: readonly Trait[];
  readonly infer: (types: TypesOf<O>, attributes: AttributesOf<A>) => TensorType | Mismatch;
  /**
   * The gradient of each operand given `dy`, the gradient of the result `y`. An operand left out has no gradient
   * (an integer, say). 'none': differentiating through this op is an error the frontend reports.
   */
  readonly gradient:
    | 'none'
    | ((
        g: GraphBuilder,
        operands: ValuesOf<O>,
        attributes: AttributesOf<A>,
        y: Value,
        dy: Value,
      ) => {
        readonly [K in keyof O]?: (O[K]['kind'] extends 'tensors' ? readonly Value[] : Value) | undefined;
      });
  /** The mathematics: one output element as an expression. 'none' for views and pseudo ops. */
  readonly lower:
    | 'none'
    | ((
        b: DefinitionBuilder,
        operands: ReadersOf<O>,
        attributes: AttributesOf<A>,
        type: TensorType,
      ) => Definition);
  /**
   * Where `lower` is 'none': the loops themselves, for what one reduction per element cannot say. What follows the op in its
   * kernel comes in by `store`. `lanes`: how many elements an instruction of the target works on, 1 where it has no vectors. The
   * order of every sum is final and depends on shapes only.
   */
  readonly loops?: (
    operands: ReadersOf<O>,
    attributes: AttributesOf<A>,
    store: StoreElement,
    lanes: number,
  ) => readonly Stmt[];
  /**
   * Of a contraction that is linear in an operand: which one, and the axis of it that counts the channels of the result, which
   * are its last axis. What scales these channels can scale the operand instead.
   */
  readonly weights?: {
    readonly operand: keyof O;
    readonly channels: (attributes: AttributesOf<A>) => number;
  };
  readonly convolution?: ConvolutionForm;
  /** The same value of nodes that a target of these limits can run; undefined where the node can stay. */
  readonly divided?: (
    g: GraphBuilder,
    operands: ValuesOf<O>,
    attributes: AttributesOf<A>,
    limits: Limits,
  ) => Value | undefined;
  /** At least one; the gradient, interpreter and cross-target tests run each of them. */
  readonly samples: readonly Sample<O, A>[];
}

/** What one kernel of a target can do. */
interface Limits {
  /** Most operands of a node. */
  readonly operands: number;
  /** Into how many a reduction to a single number is to be divided: groups of threads that share no memory. */
  readonly shares: number;
  /** Whether threads share what is done for each sample. */
  readonly bySample: boolean;
}

/** Of a convolution of an image (first operand) with an HWIO kernel (second) and the attributes strides, padding, groups. */
export interface ConvolutionForm {
  /**
   * As a convolution of stride 1, it has the kernel turned by 180 degrees, channels and filters changing places; its padding
   * is then that of the convolution whose input it is the gradient of.
   */
  readonly turned: boolean;
}

/** An op with its generic parameters erased: operands and attributes arrive by position and by name, already checked. */
export interface Op {
  readonly name: string;
  readonly doc: string;
  readonly operands: OperandSpecs;
  readonly attributes: AttributeSpecs;
  readonly traits: readonly Trait[];
  readonly infer: (types: readonly TensorType[], attributes: Attributes) => TensorType | Mismatch;
  readonly gradient:
    | 'none'
    | ((
        g: GraphBuilder,
        operands: readonly Value[],
        attributes: Attributes,
        y: Value,
        dy: Value,
      ) => readonly (Value | undefined)[]);
  readonly lower:
    | 'none'
    | ((
        b: DefinitionBuilder,
        operands: readonly TensorReader[],
        attributes: Attributes,
        type: TensorType,
      ) => Definition);
  readonly loops?: (
    operands: readonly TensorReader[],
    attributes: Attributes,
    store: StoreElement,
    lanes: number,
  ) => readonly Stmt[];
  /** The place of the operand, and the axis. */
  readonly weights?: { readonly operand: number; readonly channels: (attributes: Attributes) => number };
  readonly convolution?: ConvolutionForm;
  readonly divided?: (
    g: GraphBuilder,
    operands: readonly Value[],
    attributes: Attributes,
    limits: Limits,
  ) => Value | undefined;
  readonly samples: readonly Sample[];
}

/** A typed op: what `defineOp` returns and `g.emit` takes. The phantom types carry operand and attribute names. */
export interface TypedOp<O extends OperandSpecs, A extends AttributeSpecs> extends Op {
  readonly operands: O;
  readonly attributes: A;
}

export const hasTrait = (op: Op, trait: Trait): boolean => op.traits.includes(trait);

export function isMismatch(result: TensorType | Mismatch): result is Mismatch {
  return 'mismatch' in result;
}

export function mismatch(code: Code, message: string, hint?: string): Mismatch {
  return { mismatch: hint === undefined ? { code, message } : { code, message, hint } };
}

/** Spreads positional values over the operand names of a spec; a variadic operand takes all that remain. */
function byName<T>(specs: OperandSpecs, values: readonly T[]): Record<string, T | readonly T[]> {
  const named: Record<string, T | readonly T[]> = {};
  let i = 0;
  for (const name in specs) {
    named[name] = specs[name]?.kind === 'tensors' ? values.slice(i) : values[i]!;
    i++;
  }
  return named;
}

/** Flattens a record of operands into the positional list a node holds. */
export function byPosition<T>(
  specs: OperandSpecs,
  named: Readonly<Record<string, T | readonly T[] | undefined>>,
): (T | undefined)[] {
  return Object.entries(specs).flatMap(([name, spec]): readonly (T | undefined)[] => {
    const value = named[name];
    return spec.kind === 'tensors' ? ((value ?? []) as readonly T[]) : [value as T | undefined];
  });
}

/**
 * Makes an op of its definition. This is the one place where the typed rules meet positional operands, hence the casts.
 */
export function defineOp<const O extends OperandSpecs, const A extends AttributeSpecs>(
  definition: OpDefinition<O, A>,
): TypedOp<O, A> {
  const { gradient, lower, loops, weights, divided, operands: specs, ...rest } = definition;
  return {
    ...rest,
    operands: specs,
    samples: definition.samples as readonly Sample[],
    infer: (types, attributes) =>
      definition.infer(byName(specs, types) as TypesOf<O>, attributes as AttributesOf<A>),
    gradient:
      gradient === 'none'
        ? 'none'
        : (g, operands, attributes, y, dy) => {
            const named = gradient(
              g,
              byName(specs, operands) as ValuesOf<O>,
              attributes as AttributesOf<A>,
              y,
              dy,
            );
            return byPosition<Value>(specs, named as Record<string, Value | readonly Value[] | undefined>);
          },
    lower:
      lower === 'none'
        ? 'none'
        : (b, operands, attributes, type) =>
            lower(b, byName(specs, operands) as ReadersOf<O>, attributes as AttributesOf<A>, type),
    ...(weights === undefined
      ? {}
      : {
          weights: {
            operand: Object.keys(specs).findIndex((name) => name === weights.operand),
            channels: (attributes) => weights.channels(attributes as AttributesOf<A>),
          },
        }),
    ...(divided === undefined
      ? {}
      : {
          divided: (g, operands, attributes, limits) =>
            divided(g, byName(specs, operands) as ValuesOf<O>, attributes as AttributesOf<A>, limits),
        }),
    ...(loops === undefined
      ? {}
      : {
          loops: (operands, attributes, store, lanes) =>
            loops(byName(specs, operands) as ReadersOf<O>, attributes as AttributesOf<A>, store, lanes),
        }),
  };
}

/** Operand specs in short: `operands: { x: tensor('the input') }`. */
export const tensor = <const D extends readonly DType[] | 'any' = readonly ['f32']>(
  doc: string,
  dtypes?: D,
) => ({ kind: 'tensor', dtypes: dtypes ?? ['f32'], doc }) as const;
export const tensors = (doc: string, dtypes?: readonly DType[] | 'any') =>
  ({ kind: 'tensors', dtypes: dtypes ?? (['f32'] as const), doc }) as const;
