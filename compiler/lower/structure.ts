/** What a group's kernel depends on, as text: groups of equal text have one kernel. */
import type { Value } from '../graph/ir.ts';
import type { LayoutOf } from './fuse.ts';
import type { Group } from './group.ts';
import { isLiteral } from './group.ts';

export function structureOf({ nodes, root, outputs, parts = [] }: Group, layoutOf: LayoutOf): string {
  const members = new Map<Value, number>(nodes.map((node, i) => [node, i]));
  const inputs = new Map<Value, number>();
  const layout = (value: Value): string => {
    const { strides, offset, stored = '' } = layoutOf(value);
    return `${value.type.dtype}[${value.type.shape.join()}]/${strides.join()}+${offset}${stored}`;
  };
  const reference = (value: Value): string => {
    const member = members.get(value);
    if (member !== undefined) return `%${member}`;
    if (isLiteral(value)) {
      const literal = value.data[0] ?? 0;
      return `${value.type.dtype}[${value.type.shape.join()}]=${Object.is(literal, -0) ? '-0' : literal}`;
    }
    const known = inputs.get(value);
    if (known !== undefined) return `$${known}`;
    inputs.set(value, inputs.size);
    return `$${inputs.size - 1}:${layout(value)}`;
  };
  const texts = nodes.map(({ op, operands, attributes, type }) => {
    const given = Object.entries(attributes).map(([name, value]) => `${name}=${String(value)}`);
    return `${op.name}(${operands.map(reference).join()};${given.join()})${type.dtype}[${type.shape.join()}]`;
  });
  const results = outputs.map((value) => `%${members.get(value) ?? 0}:${layout(value)}`);
  const divided = parts.map((part) => part.nodes.map((node) => members.get(node)).join());
  return [...texts, members.get(root) ?? 0, results.join(), ...divided].join('\n');
}
