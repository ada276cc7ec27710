/** Numbers the pieces of memory of one routine. */
import { invariant } from '../base/invariant.ts';
import type { TensorType } from '../base/types.ts';
import { elementCount } from '../base/types.ts';
import type { Constant, Graph, Node, Parameter } from '../graph/ir.ts';
import { halfBytes, isHalvedInWork } from './half.ts';
import type { Root } from './roots.ts';
import type { Sizes, Storage } from './types.ts';

export class StorageTable {
  readonly storages: Storage[] = [];
  readonly #direct: ReadonlyMap<Root, string>;
  readonly #persistent: ReadonlyMap<string, Parameter>;
  readonly #positions: ReadonlyMap<Node, number>;
  readonly #sizes: Sizes;
  readonly #results: ReadonlySet<Root>;
  readonly #ids = new Map<Root, number>();
  readonly #persistentIds = new Map<string, number>();
  #literals = 0;

  /** `direct`: roots that lie in the persistent tensor of that name. `results`: those that the host reads. */
  constructor(
    graph: Graph,
    direct: ReadonlyMap<Root, string>,
    sizes: Sizes,
    results: ReadonlySet<Root> = new Set(),
  ) {
    this.#direct = direct;
    this.#sizes = sizes;
    this.#results = results;
    this.#positions = new Map(graph.nodes.map((node, i) => [node, i]));
    this.#persistent = new Map(
      graph.parameters.filter(({ role }) => role !== 'input').map((parameter) => [parameter.name, parameter]),
    );
  }

  /** Whether the root takes working memory. */
  isWork(root: Root): boolean {
    return this.#persistentName(root) === undefined && root.kind !== 'constant';
  }

  /** Whether the elements of a root are f16 in memory. */
  isHalved(root: Root): boolean {
    const { halves } = this.#sizes;
    if (halves === undefined) return false;
    const name = this.#persistentName(root);
    if (name !== undefined) return halves.persistent.has(name);
    return halves.work && !this.#results.has(root) && isHalvedInWork(root);
  }

  /** What a value of this type takes in the memory of a root. */
  bytesIn(root: Root, { dtype, shape }: TensorType): number {
    const { maxBatch, elementBytes } = this.#sizes;
    return elementCount(shape, maxBatch) * (this.isHalved(root) ? halfBytes : elementBytes[dtype]);
  }

  idOf(root: Root): number {
    const name = this.#persistentName(root);
    const known = name === undefined ? this.#ids.get(root) : this.#persistentIds.get(name);
    if (known !== undefined) return known;
    const id = this.storages.length;
    const { type } = name === undefined ? root : (this.#persistent.get(name) ?? root);
    this.storages.push({
      id,
      name: name ?? this.#nameOf(root),
      ...type,
      ...(this.isHalved(root) && { stored: 'f16' }),
      bytes: this.bytesIn(root, type),
      ...(name === undefined ? {} : { persistent: name }),
      ...(root.kind === 'constant' ? { constant: this.#literal(root) } : {}),
    });
    if (name === undefined) this.#ids.set(root, id);
    else this.#persistentIds.set(name, id);
    return id;
  }

  #literal(constant: Constant): Constant {
    invariant(!constant.type.shape.includes('N'), 'plan: a literal that is read from memory has no batch');
    return constant;
  }

  #persistentName(root: Root): string | undefined {
    if (root.kind === 'parameter') return root.role === 'input' ? undefined : root.name;
    return this.#direct.get(root);
  }

  #nameOf(root: Root): string {
    switch (root.kind) {
      case 'parameter':
      case 'temporary':
        return root.name;
      case 'constant':
        return `literal ${this.#literals++}`;
      case 'node':
        return `%${this.#positions.get(root) ?? '?'} ${root.op.name}`;
    }
  }
}
