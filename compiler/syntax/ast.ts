/** The tree the parser makes. Every node has a span. Immutable; comments are kept beside it by the formatter only. */
import type { Span } from '../base/source.ts';

export interface Name {
  readonly text: string;
  readonly span: Span;
}

export interface File {
  readonly path: string;
  readonly items: readonly Item[];
  readonly span: Span;
}

export type Item = Import | ModelDeclaration | LayerDeclaration | TrainDeclaration | GraphDeclaration;

export interface Import {
  readonly kind: 'import';
  readonly names: readonly Name[];
  readonly from: { readonly value: string; readonly span: Span };
  readonly span: Span;
}

/** `width: int = 32`, `padding: valid | same | size = valid`: `types` holds type names and words as written. */
export interface ParameterDeclaration {
  readonly name: Name;
  readonly types: readonly Name[];
  readonly default?: Expression;
  readonly span: Span;
}

/** A tensor operand of a layer. `variadic`: written `...xs`. */
export interface OperandDeclaration {
  readonly name: Name;
  readonly variadic: boolean;
  readonly type?: TypeExpression;
  readonly span: Span;
}

export interface ModelDeclaration {
  readonly kind: 'model';
  readonly name: Name;
  readonly doc: string | undefined; // the `///` lines before it
  readonly parameters: readonly ParameterDeclaration[];
  readonly body: readonly Statement[];
  readonly span: Span;
}

export interface LayerDeclaration {
  readonly kind: 'layer';
  readonly name: Name;
  readonly doc: string | undefined;
  readonly parameters: readonly ParameterDeclaration[];
  readonly operands: readonly OperandDeclaration[];
  readonly body: readonly Statement[];
  readonly span: Span;
}

export interface TypeExpression {
  readonly dtype: Name;
  /** Absent: no brackets were written. */
  readonly dims?: readonly Dim[];
  readonly span: Span;
}

export type Dim =
  | { readonly kind: 'extent'; readonly value: Expression; readonly span: Span }
  /** `...` or `...s` */
  | { readonly kind: 'rest'; readonly name?: Name; readonly span: Span };

export type Statement =
  | { readonly kind: 'input'; readonly name: Name; readonly type: TypeExpression; readonly span: Span }
  | {
      readonly kind: 'param' | 'state';
      readonly name: Name;
      readonly type: TypeExpression;
      readonly initializer: Expression;
      readonly span: Span;
    }
  | { readonly kind: 'shared'; readonly name: Name; readonly stage: Stage; readonly span: Span }
  | { readonly kind: 'set'; readonly name: Name; readonly value: Expression; readonly span: Span }
  | { readonly kind: 'let'; readonly names: readonly Name[]; readonly value: Expression; readonly span: Span }
  | { readonly kind: 'return'; readonly values: readonly Expression[]; readonly span: Span }
  | { readonly kind: 'expression'; readonly value: Expression; readonly span: Span };

export type BinaryOperator = 'or' | 'and' | '==' | '!=' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/';

export type Expression =
  | { readonly kind: 'int' | 'float'; readonly value: number; readonly span: Span }
  | { readonly kind: 'size'; readonly values: readonly number[]; readonly span: Span } // 3x3
  | { readonly kind: 'string'; readonly value: string; readonly span: Span }
  | { readonly kind: 'bool'; readonly value: boolean; readonly span: Span }
  | { readonly kind: 'name'; readonly name: string; readonly span: Span }
  /** `%3`, only in graph text */
  | { readonly kind: 'value'; readonly id: number; readonly span: Span }
  | { readonly kind: 'tuple' | 'list'; readonly items: readonly Expression[]; readonly span: Span }
  | {
      readonly kind: 'unary';
      readonly operator: '-' | 'not';
      readonly operand: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: 'call';
      readonly callee: Expression;
      readonly args: readonly Argument[];
      readonly span: Span;
    }
  | {
      readonly kind: 'subscript';
      readonly object: Expression;
      readonly indices: readonly Expression[];
      readonly span: Span;
    }
  | { readonly kind: 'member'; readonly object: Expression; readonly member: Name; readonly span: Span }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly consequent: Expression;
      readonly alternative: Expression;
      readonly span: Span;
    }
  | {
      readonly kind: 'chain';
      readonly head: Expression;
      readonly stages: readonly Stage[];
      readonly span: Span;
    };

export interface Argument {
  readonly name?: Name;
  readonly value: Expression;
  readonly span: Span;
}

export type Stage =
  /** `Conv2D(32, 3x3) as stem`; `args` is absent when no parentheses were written. */
  | {
      readonly kind: 'apply';
      readonly callee: Name;
      readonly args?: readonly Argument[];
      readonly as?: Name;
      readonly span: Span;
    }
  | { readonly kind: 'output'; readonly name: Name; readonly args?: readonly Argument[]; readonly span: Span }
  /** `for i in 2 { -> … }`: the stages of the body once per element, `variable` bound each time. */
  | {
      readonly kind: 'for';
      readonly variable: Name;
      readonly iterable: Expression;
      readonly stages: readonly Stage[];
      readonly span: Span;
    };

export interface TrainDeclaration {
  readonly kind: 'train';
  readonly model: Name;
  readonly entries: readonly TrainEntry[];
  readonly span: Span;
}

export type TrainEntry =
  | { readonly kind: 'label'; readonly name: Name; readonly type: TypeExpression; readonly span: Span }
  | {
      readonly kind: 'augment';
      readonly names: readonly Name[];
      readonly stages: readonly Stage[];
      readonly span: Span;
    }
  | { readonly kind: 'setting'; readonly name: Name; readonly value: Expression; readonly span: Span };

/** The printed form of a graph; names may be dotted. */
export interface GraphDeclaration {
  readonly kind: 'graph';
  readonly name: Name;
  readonly parameters: readonly {
    readonly role: 'input' | 'param' | 'state';
    readonly name: Name;
    readonly type: TypeExpression;
    readonly span: Span;
  }[];
  readonly nodes: readonly {
    readonly id: number;
    readonly type: TypeExpression;
    readonly value: Expression;
    readonly location?: {
      readonly file: string;
      readonly line: number;
      readonly column: number;
      readonly scope?: string;
    };
    readonly span: Span;
  }[];
  readonly updates: readonly { readonly target: Name; readonly value: Expression; readonly span: Span }[];
  /** `return digit: %5, loss: %7` */
  readonly returns: readonly Argument[];
  readonly span: Span;
}
