import { invariant } from '../base/invariant.ts';
import type { Location } from '../base/source.ts';
import type { DType, TensorType } from '../base/types.ts';
import { formatType } from '../base/types.ts';
import type { Attributes, Constant, Node, Value } from './ir.ts';
import type { AttributesOf, AttributeSpecs, Op, OperandSpecs, TypedOp, ValuesOf } from './op.ts';
import { byPosition, isMismatch } from './op.ts';

/** Emits nodes in order, inferring their types. A mismatch here is a bug: the frontend checks user calls with `op.infer` first. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  /** Given to every node emitted from now on; `differentiate` sets it to the location of the node it differentiates. */
  location: Location | undefined;

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Emits a node from rules that name operands: `g.emit(reluGradient, { y, dy })`. Attributes with a default may be left out. */
  emit<O extends OperandSpecs, A extends AttributeSpecs>(
    op: TypedOp<O, A>,
    operands: ValuesOf<O>,
    attributes?: Partial<AttributesOf<A>>,
  ): Node {
    const values = byPosition<Value>(op.operands, operands as Record<string, Value | readonly Value[]>);
    return this.node(
      op,
      values.map((value) => {
        invariant(value !== undefined, `${op.name}: an operand is missing`);
        return value;
      }),
      (attributes ?? {}) as Attributes,
    );
  }

  /** Emits a node from positional operands; fills in attribute defaults. */
  node(op: Op, operands: readonly Value[], attributes: Attributes): Node {
    return this.append(this.detached(op, operands, attributes));
  }

  /** The node that `node` would emit, not yet part of the graph (a pass may find a better one). */
  detached(op: Op, operands: readonly Value[], attributes: Attributes): Node {
    const complete = withDefaults(op, attributes);
    const type = op.infer(
      operands.map((operand) => operand.type),
      complete,
    );
    if (isMismatch(type)) {
      const shapes = operands.map((operand) => formatType(operand.type)).join(', ');
      invariant(false, `${op.name}(${shapes}): ${type.mismatch.message}`);
    }
    return { kind: 'node', op, operands, attributes: complete, type, location: this.location };
  }

  /** Appends a node that is already complete (a pass that keeps it). */
  append(node: Node): Node {
    this.#nodes.push(node);
    return node;
  }

  constant(value: number, dtype: DType = 'f32'): Constant {
    return { kind: 'constant', type: { dtype, shape: [] }, data: [value] };
  }

  filled(value: number, type: TensorType): Constant {
    return { kind: 'constant', type, data: [value] };
  }
}

/** The attributes in the order of the spec, defaults filled in. */
export function withDefaults(op: Op, attributes: Attributes): Attributes {
  const complete: Record<string, Attributes[string]> = {};
  for (const [name, spec] of Object.entries(op.attributes)) {
    const value = attributes[name] ?? spec.default;
    invariant(value !== undefined, `${op.name}: attribute ${name} is missing`);
    complete[name] = value;
  }
  return complete;
}
