import { invariant } from '../base/invariant.ts';
import type { TensorType } from '../base/types.ts';
import { elementCount } from '../base/types.ts';
import type { Persistent } from '../frontend/model.ts';
import type { Constant } from '../graph/ir.ts';
import { alignment, halfBytes, withinSlab } from '../plan/index.ts';
import type { PersistentTensor, Placement } from './program.ts';
import type { TargetInfo } from './target.ts';

/** Hands out places for what outlives a call: params, states and slots first, then prepared values and constants. */
export class PersistentArena {
  readonly #tensors = new Map<string, PersistentTensor>();
  readonly #elementBytes: TargetInfo['elementBytes'];
  readonly #slab: number;
  readonly #inPlaceOf: ReadonlyMap<string, string>;
  #bytes = 0;

  /** `slab`: no smaller than any tensor that comes. `inPlaceOf`: by name, a larger one that no device has beside it. */
  constructor(
    tensors: readonly Persistent[],
    { elementBytes }: Pick<TargetInfo, 'elementBytes'>,
    slab = Infinity,
    inPlaceOf: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#inPlaceOf = inPlaceOf;
    this.#elementBytes = elementBytes;
    this.#slab = slab;
    for (const { name, role, type, initializer } of tensors) this.#add(name, role, type, initializer);
  }

  get tensors(): readonly PersistentTensor[] {
    return [...this.#tensors.values()];
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The place of a tensor by name; one that the model does not declare is a value of the `prepare` routine. */
  place(name: string, type: Pick<PersistentTensor, 'stored'> & TensorType): Placement {
    return this.#tensors.get(name)?.placement ?? this.#add(name, 'prepared', type);
  }

  /** The place of a literal; equal literals share one. */
  constant({ type, data }: Constant): Placement {
    const name = `constant ${type.dtype}[${type.shape.join(',')}] ${data.join(',')}`;
    return (
      this.#tensors.get(name)?.placement ??
      this.#add(name, 'constant', type, { kind: 'constant', values: data })
    );
  }

  #add(
    name: string,
    role: PersistentTensor['role'],
    { dtype, shape, stored }: Pick<PersistentTensor, 'stored'> & TensorType,
    initializer?: PersistentTensor['initializer'],
  ): Placement {
    const extents = shape.map((extent) => {
      invariant(extent !== 'N', `${name}: a persistent tensor has no batch`);
      return extent;
    });
    const bytes = elementCount(extents, 1) * (stored ? halfBytes : this.#elementBytes[dtype]);
    const replaced = this.#tensors.get(this.#inPlaceOf.get(name) ?? '')?.placement;
    const next = this.#slab === Infinity ? this.#bytes : withinSlab(this.#bytes, bytes, this.#slab);
    const offset = replaced?.offset ?? next;
    const placement: Placement = { arena: 'persistent', offset, bytes };
    this.#bytes = Math.max(this.#bytes, offset + Math.ceil(bytes / alignment) * alignment);
    const tensor = { name, role, dtype, shape: extents, ...(stored && { stored }), placement };
    this.#tensors.set(name, initializer === undefined ? tensor : { ...tensor, initializer });
    return placement;
  }
}
