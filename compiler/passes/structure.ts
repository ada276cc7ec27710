/** Structural equality of values in constant time: equal values get equal numbers. */
import { formatType } from '../base/types.ts';
import type { AttributeValue, Value } from '../graph/ir.ts';
import { hasTrait } from '../graph/op.ts';

/** Literals with more entries are equal only to themselves: to compare them would cost more than it saves. */
const longestLiteral = 4096;

export class Structure {
  readonly #numbers = new Map<string, number>();
  readonly #known = new Map<Value, number>();
  #next = 0;

  /** The number of a value whose operands have been numbered before. Parameters are equal by role and name. */
  numberOf(value: Value): number {
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const key = this.#keyOf(value);
    const number = (key === undefined ? undefined : this.#numbers.get(key)) ?? this.#next++;
    if (key !== undefined) this.#numbers.set(key, number);
    this.#known.set(value, number);
    return number;
  }

  #keyOf(value: Value): string | undefined {
    switch (value.kind) {
      case 'parameter':
        return `${value.role} ${value.name}`;
      case 'constant':
        if (value.data.length > longestLiteral) return undefined;
        return `${formatType(value.type)} ${value.data.map(numberKey).join(' ')}`;
      case 'node': {
        const operands = value.operands.map((operand) => this.numberOf(operand));
        if (hasTrait(value.op, 'commutative')) operands.sort((a, b) => a - b);
        const attributes = Object.entries(value.attributes).map(([name, v]) => `${name}=${attributeKey(v)}`);
        return `(${value.op.name} ${operands.join(' ')} ${attributes.join(' ')})`;
      }
    }
  }
}

/** Zero has two signs, and 1 / x tells them apart. */
const numberKey = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

function attributeKey(value: AttributeValue): string {
  if (typeof value === 'number') return numberKey(value);
  return typeof value === 'object' ? `[${value.map(numberKey).join(' ')}]` : JSON.stringify(value);
}
