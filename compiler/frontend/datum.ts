/** What expressions of the language stand for while a model is built: everything but tensors is known at compile time. */
import type { DType } from '../base/types.ts';
import { dtypes, formatType } from '../base/types.ts';
import type { Attributes, Value } from '../graph/ir.ts';
import type { Op } from '../graph/op.ts';
import type { Span } from '../base/source.ts';
import type { LayerDeclaration, ModelDeclaration } from '../syntax/ast.ts';
import type { Persisting } from './persistents.ts';
import type { Written } from './report.ts';
import type { Unit } from './unit.ts';

export type Datum =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  /** A word of an enumerated parameter: `same`, `f32`. */
  | { readonly kind: 'word'; readonly word: string }
  /** `3x3`, or what a parameter of type `size` holds. */
  | { readonly kind: 'size'; readonly values: readonly number[] }
  /** `[a, b]`, and `(a, b)` likewise: several results of a layer, too. */
  | { readonly kind: 'list'; readonly items: readonly Datum[] }
  | { readonly kind: 'initializer'; readonly initializer: InitializerRule }
  | { readonly kind: 'stage'; readonly stage: StageValue }
  /** The batch extent `N`. */
  | { readonly kind: 'batch' }
  /** `instance`: the path of the layer that `as` named, so that `head.kernel` finds its parameter. */
  | { readonly kind: 'tensor'; readonly value: Value; readonly instance?: string }
  /** A declared param or state: becomes a tensor when it is read. */
  | { readonly kind: 'persistent'; readonly declared: Persisting }
  /** Stands for a value that could not be made; what uses it stays silent, for the cause has been reported. */
  | { readonly kind: 'poison' };

type Tensor = Extract<Datum, { kind: 'tensor' }>;

/** An initializer before the shape is known. */
export type InitializerRule =
  | { readonly kind: 'zeros' | 'ones' | 'glorot_uniform' | 'he_normal' }
  | { readonly kind: 'constant'; readonly values: Datum };

/** What was given beside the value in front of the arrow. */
interface Given {
  /** Operands that stood in its parentheses: `x -> weighted(y)`. */
  readonly operands: readonly Datum[];
  /** Those given by name. */
  readonly named: ReadonlyMap<string, Datum>;
}

/** A layer or model that is yet to be built. */
interface Template extends Given {
  readonly unit: Unit;
  readonly parameters: ReadonlyMap<string, Datum>;
  /** Where each of them is written. */
  readonly places: ReadonlyMap<string, Written>;
}

/** What may follow `->`, its arguments bound. Instantiated anew at each use, except `shared`. */
export type StageValue =
  | ({ readonly kind: 'layer'; readonly declaration: LayerDeclaration } & Template)
  | ({ readonly kind: 'model'; readonly declaration: ModelDeclaration } & Template)
  | ({ readonly kind: 'op'; readonly op: Op; readonly attributes: Attributes } & Given)
  | {
      readonly kind: 'shared';
      readonly path: string;
      readonly declaredAt: Span;
      readonly stage: StageValue;
    }
  /** Its arguments were wrong, which has been reported. */
  | { readonly kind: 'broken' };

export const poison: Datum = { kind: 'poison' };
export const number = (value: number): Datum => ({ kind: 'number', value });
export const bool = (value: boolean): Datum => ({ kind: 'bool', value });
export const word = (text: string): Datum => ({ kind: 'word', word: text });
export const list = (items: readonly Datum[]): Datum => ({ kind: 'list', items });
export const tensorOf = (value: Value): Tensor => ({ kind: 'tensor', value });

export function stageName(stage: StageValue): string {
  switch (stage.kind) {
    case 'layer':
    case 'model':
      return stage.declaration.name.text;
    case 'op':
      return stage.op.name;
    case 'shared':
      return stageName(stage.stage);
    case 'broken':
      return '?';
  }
}

/** `3x3` */
export const formatSize = (values: readonly number[]): string => values.join('x');

/** For messages: "the number 3", "a tensor f32[N, 10]". */
export function describe(datum: Datum): string {
  switch (datum.kind) {
    case 'number':
      return `the number ${datum.value}`;
    case 'bool':
      return `\`${datum.value}\``;
    case 'string':
      return `the string ${JSON.stringify(datum.value)}`;
    case 'word':
      return `the word \`${datum.word}\``;
    case 'size':
      return `the size ${formatSize(datum.values)}`;
    case 'list':
      return `a list of ${datum.items.length}`;
    case 'initializer':
      return `the initializer \`${datum.initializer.kind}\``;
    case 'stage':
      return `the ${datum.stage.kind === 'op' ? 'op' : 'layer'} \`${stageName(datum.stage)}\``;
    case 'batch':
      return 'the batch extent `N`';
    case 'tensor':
      return `a tensor ${formatType(datum.value.type)}`;
    case 'persistent':
      return `\`${datum.declared.name}\``;
    case 'poison':
      return 'an unknown value';
  }
}

export const isDType = (text: string): text is DType => dtypes.some((dtype) => dtype === text);
