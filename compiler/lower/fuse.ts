/** One fused definition of a group: the op's definitions put into one another. No loop exists yet. */
import { invariant } from '../base/invariant.ts';
import type { Extent } from '../base/types.ts';
import { sameShape } from '../base/types.ts';
import type { Constant, Node, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';
import { affine, sameAffine, substituteAffine } from '../loop/affine.ts';
import { DefinitionBuilder, denseBuffer, dtypeOf, readerOf } from '../loop/builder.ts';
import type { Definition, Let, Points, Reduction } from '../loop/definition.ts';
import type { Affine, Axis, Buffer, Expr, Index, Load, Local, Stmt } from '../loop/ir.ts';
import { Names } from '../loop/names.ts';
import { substituteCondition, substituteExpr, substituteStmts, visitExpr } from '../loop/rewrite.ts';
import type { Group } from './group.ts';
import { isLiteral } from './group.ts';

/** How a value lies in memory; in elements. `stored`: see `Buffer`. */
export interface Layout {
  readonly shape: readonly Extent[];
  readonly strides: readonly number[];
  readonly offset: number;
  readonly stored?: 'f16';
}
export type LayoutOf = (value: Value) => Layout;

export interface FusedPoints extends Points {
  /** Values the body reads, in order. */
  readonly lets: readonly Let[];
}

export interface FusedReduction extends Pick<Reduction, 'init' | 'combine'> {
  readonly points: readonly FusedPoints[];
}

export interface FusedDefinition {
  /** Of the iteration space, without axes of extent 1. */
  readonly axes: readonly Axis[];
  readonly reduce: FusedReduction | undefined;
  /** Values behind the reduction, in order; may read `reduced`. */
  readonly lets: readonly Let[];
  readonly inputs: readonly { readonly value: Value; readonly buffer: Buffer }[];
  readonly outputs: readonly { readonly value: Node; readonly buffer: Buffer; readonly element: Expr }[];
  /** One entry per axis of the outputs. */
  readonly index: readonly Affine[];
  readonly names: Names;
}

/** `names`: those that are taken, where several definitions come into one kernel. */
export function fuse(group: Group, layoutOf: LayoutOf, names = new Names()): FusedDefinition {
  return new Fuser(group, layoutOf, names).run();
}

/** The kernel of a group around an op that writes its own loops. */
interface FusedLoops extends Pick<FusedDefinition, 'inputs'> {
  readonly outputs: readonly { readonly value: Node; readonly buffer: Buffer }[];
  readonly body: readonly Stmt[];
  /** Inputs of which an element is read when it may have been overwritten, were it the place of an output. */
  readonly elsewhere: ReadonlySet<Buffer>;
}

export function fuseLoops(group: Group, layoutOf: LayoutOf, lanes: number): FusedLoops {
  return new Fuser(group, layoutOf, new Names()).loops(lanes);
}

/** An op's definition, and which placeholder stands for which operand. */
interface Opened {
  readonly definition: Definition;
  readonly operands: ReadonlyMap<Buffer, Value>;
}

/** The place at which nodes are evaluated, and what is known there. */
interface Scope {
  readonly index: readonly Affine[];
  readonly lets: Let[];
  readonly values: Map<Node, Expr>;
}

/** Axes of one point are no loops: their index is 0. */
const placeOf = (axis: Axis): Affine => (axis.extent === 1 ? affine(0) : affine(axis));

class Fuser {
  readonly #group: Group;
  readonly #layoutOf: LayoutOf;
  readonly #members: ReadonlySet<Value>;
  readonly #names: Names;
  readonly #inputs = new Map<Value, Buffer>();
  readonly #opened = new Map<Node, Opened>();
  /** The axes of the root's definition in terms of the loops'. */
  #axes: ReadonlyMap<Axis, Affine> = new Map();
  #reduce: FusedReduction | undefined;

  constructor(group: Group, layoutOf: LayoutOf, names: Names) {
    this.#group = group;
    this.#layoutOf = layoutOf;
    this.#names = names;
    this.#members = new Set(group.nodes);
  }

  run(): FusedDefinition {
    const { nodes, outputs, root } = this.#group;
    const outputNames = outputs.map((_, i) => this.#names.unique(i === 0 ? 'y' : `y${i}`));
    this.#nameInputs();
    const opened = this.#open(root);
    const axes = opened.definition.axes.map((axis) => this.#fresh(axis));
    this.#axes = new Map(opened.definition.axes.map((axis, i) => [axis, placeOf(axes[i]!)]));
    const places = opened.definition.index?.map((place) => substituteAffine(place, this.#axes));
    const scope: Scope = { index: places ?? axes.map(placeOf), lets: [], values: new Map() };
    const before = this.#claimed();
    for (const node of nodes) if (!before.has(node)) this.#evaluate(node, scope);
    return {
      axes: axes.filter((axis) => axis.extent !== 1),
      reduce: this.#reduce,
      lets: scope.lets,
      inputs: [...this.#inputs].map(([value, buffer]) => ({ value, buffer })),
      outputs: outputs.map((value, i) => ({
        value,
        buffer: this.#buffer(outputNames[i]!, value),
        element: this.#known(value, scope),
      })),
      index: scope.index,
      names: this.#names,
    };
  }

  /** What stands behind the root is computed where it stores an element, all loads before the first store. */
  loops(lanes: number): FusedLoops {
    const { nodes, outputs, root } = this.#group;
    const { op, operands, attributes } = root;
    invariant(op.loops !== undefined, `${op.name} has no loops of its own`);
    const results = outputs.map((value, i) => {
      return { value, buffer: this.#buffer(this.#names.unique(i === 0 ? 'y' : `y${i}`), value) };
    });
    this.#nameInputs();
    const placeholders = placeholdersOf(root);
    const values = new Map(placeholders.map((buffer, i) => [buffer, operands[i]!]));
    const elsewhere = new Set<Buffer>();
    const store = (place: readonly Affine[], value: Expr): readonly Stmt[] => {
      const index = place.map((at, i) => (root.type.shape[i] === 1 ? affine(0) : at));
      const scope: Scope = { index, lets: [], values: new Map() };
      scope.values.set(root, this.#let(op.name, value, scope));
      for (const node of nodes) this.#evaluate(node, scope);
      for (const { value: e } of scope.lets)
        visitExpr(e, (load) => {
          if (load.kind === 'load' && !samePlace(load.index, index)) elsewhere.add(load.buffer);
        });
      return [
        ...scope.lets.map((stmt): Stmt => ({ kind: 'let', ...stmt })),
        ...results.map(({ value: node, buffer }): Stmt => {
          return { kind: 'store', buffer, index, value: this.#known(node, scope) };
        }),
      ];
    };
    const written = op.loops(placeholders.map(readerOf), attributes, store, lanes);
    const body = substituteStmts(written, { load: this.#loader(values, () => undefined, []) });
    for (const operand of operands) {
      const buffer = this.#inputs.get(operand);
      if (buffer !== undefined) elsewhere.add(buffer);
    }
    const inputs = [...this.#inputs].map(([value, buffer]) => ({ value, buffer }));
    return { inputs, outputs: results, body, elsewhere };
  }

  /** Nodes that the reduction computes while it reads: those of the group before the root, if the root reduces them. */
  #claimed(): ReadonlySet<Node> {
    const { nodes, root } = this.#group;
    const claimed = new Set<Node>();
    if (hasTrait(root.op, 'elementwise')) return claimed;
    const pending: Value[] = [...root.operands];
    for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
      if (value.kind !== 'node' || !this.#members.has(value) || claimed.has(value)) continue;
      claimed.add(value);
      pending.push(...value.operands);
    }
    return new Set(nodes.filter((node) => claimed.has(node)));
  }

  #nameInputs(): void {
    for (const node of this.#group.nodes) {
      const specs = Object.entries(node.op.operands);
      node.operands.forEach((value, i) => {
        if (this.#members.has(value) || isLiteral(value) || this.#inputs.has(value)) return;
        const name = (specs[i] ?? specs.at(-1))?.[0] ?? 'x';
        this.#inputs.set(value, this.#buffer(this.#names.unique(name), value));
      });
    }
  }

  #buffer(name: string, value: Value): Buffer {
    const { strides, offset, stored } = this.#layoutOf(value);
    const { dtype, shape } = value.type;
    return { name, dtype, shape, strides, offset, space: 'global', ...(stored && { stored }) };
  }

  #fresh(axis: Axis): Axis {
    return axis.extent === 1 ? axis : { ...axis, name: this.#names.unique(axis.name) };
  }

  #open(node: Node): Opened {
    const known = this.#opened.get(node);
    if (known !== undefined) return known;
    const { op, operands, attributes, type } = node;
    invariant(op.lower !== 'none', `${op.name} has no kernel`);
    const placeholders = placeholdersOf(node);
    const definition = op.lower(new DefinitionBuilder(), placeholders.map(readerOf), attributes, type);
    const extents = definition.axes.map(({ extent }) => extent);
    invariant(
      definition.index === undefined
        ? sameShape(extents, type.shape)
        : definition.index.length === type.shape.length && node === this.#group.root,
      `${op.name}: the definition's axes are not those of its result`,
    );
    const named = placeholders.map((buffer, i) => [buffer, operands[i]!] as const);
    const opened = { definition, operands: new Map(named) };
    this.#opened.set(node, opened);
    return opened;
  }

  /** The element of `node` at the place of `scope`, computed once. */
  #evaluate(node: Node, scope: Scope): Expr {
    const known = scope.values.get(node);
    if (known !== undefined) return known;
    const { definition, operands } = this.#open(node);
    const axes =
      node === this.#group.root
        ? this.#axes
        : new Map(definition.axes.map((axis, i) => [axis, scope.index[i]!]));
    if (definition.reduce !== undefined) this.#fuseReduction(node, definition.reduce, axes, operands);
    const locals = new Map<Local, Expr>();
    const load = this.#loader(operands, (value) => scope.values.get(value), scope.index);
    for (const { local, value } of definition.lets ?? []) {
      const renamed = this.#let(local.name, substituteExpr(value, { axes, locals, load }), scope);
      locals.set(local, renamed);
    }
    const element = substituteExpr(definition.element, { axes, locals, load });
    const result = this.#let(node.op.name, element, scope);
    scope.values.set(node, result);
    return result;
  }

  #let(name: string, value: Expr, scope: Scope): Expr {
    if (value.kind === 'literal' || value.kind === 'reduced' || value.kind === 'local') return value;
    const local = { name: this.#names.unique(name), dtype: dtypeOf(value) };
    scope.lets.push({ local, value });
    return { kind: 'local', local };
  }

  /** Loads of placeholders become loads of inputs, literals, or the values of members at the same place. */
  #loader(
    operands: ReadonlyMap<Buffer, Value>,
    member: (value: Node) => Expr | undefined,
    index: readonly Affine[],
  ): (load: Load) => Expr {
    return (load) => {
      const value = operands.get(load.buffer);
      if (value === undefined) return load;
      if (isLiteral(value)) return literalOf(value);
      const buffer = this.#inputs.get(value);
      const places = load.index.map((place, i) => (load.buffer.shape[i] === 1 ? affine(0) : place));
      if (buffer !== undefined) return { ...load, buffer, index: places };
      const computed = value.kind === 'node' ? member(value) : undefined;
      invariant(computed !== undefined, `${load.buffer.name} is neither an input nor computed before`);
      invariant(samePlace(places, index), `${load.buffer.name} is read at another place than it is computed`);
      return computed;
    };
  }

  #fuseReduction(
    root: Node,
    reduce: Reduction,
    outer: ReadonlyMap<Axis, Affine>,
    operands: ReadonlyMap<Buffer, Value>,
  ): void {
    invariant(this.#reduce === undefined, `${root.op.name}: a group has one reduction`);
    const { init, combine, more = [] } = reduce;
    const points = [reduce, ...more].map((each) => this.#fusePoints(each, outer, operands));
    this.#reduce = { init, combine, points };
  }

  #fusePoints(
    points: Points,
    outer: ReadonlyMap<Axis, Affine>,
    operands: ReadonlyMap<Buffer, Value>,
  ): FusedPoints {
    const axes = points.axes.map((axis) => ({ axis, fresh: this.#fresh(axis) }));
    const inner = new Map([...outer, ...axes.map(({ axis, fresh }) => [axis, placeOf(fresh)] as const)]);
    const scopes: Scope[] = [];
    const load = (placeholder: Load): Expr => {
      const value = operands.get(placeholder.buffer);
      const claimed = value?.kind === 'node' && this.#members.has(value);
      const scope = claimed ? this.#scopeAt(placeholder.index, scopes) : undefined;
      return this.#loader(operands, (node) => scope?.values.get(node), scope?.index ?? [])(placeholder);
    };
    const body = substituteExpr(points.body, { axes: inner, load });
    return {
      axes: axes.map(({ fresh }) => fresh).filter((axis) => axis.extent !== 1),
      body,
      where: points.where.map((condition) => substituteCondition(condition, { axes: inner })),
      lets: scopes.flatMap(({ lets }) => lets),
    };
  }

  /** The chain before the reduction, evaluated at one place of its operand. */
  #scopeAt(places: readonly Index[], scopes: Scope[]): Scope {
    const index = places.map((place) => {
      invariant(!('clamped' in place), 'a reduction reads a fused operand at an affine place');
      return place;
    });
    const known = scopes.find((scope) => samePlace(scope.index, index));
    if (known !== undefined) return known;
    const scope: Scope = { index, lets: [], values: new Map() };
    scopes.push(scope);
    for (const node of this.#claimed()) this.#evaluate(node, scope);
    return scope;
  }

  #known(node: Node, scope: Scope): Expr {
    const value = scope.values.get(node);
    invariant(value !== undefined, `${node.op.name} was not computed`);
    return value;
  }
}

/** A buffer for each operand, before it is known where that comes from. */
function placeholdersOf({ op, operands }: Node): readonly Buffer[] {
  const specs = Object.keys(op.operands);
  return operands.map(({ type }, i) => denseBuffer(specs[i] ?? 'x', type.dtype, type.shape));
}

const literalOf = ({ type, data: [value = 0] }: Constant): Expr => ({
  kind: 'literal',
  dtype: type.dtype,
  value,
});

function samePlace(a: readonly Index[], b: readonly Affine[]): boolean {
  return a.length === b.length && a.every((place, i) => !('clamped' in place) && sameAffine(place, b[i]!));
}
