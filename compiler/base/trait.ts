/** What passes may ask for, so that none asks for an op by name. */
export type Trait =
  /** One output element from the operand elements at the same (broadcast) place. */
  | 'elementwise'
  /** A sum of products over axes of two operands: convolution, matmul, and their gradients. */
  | 'contraction'
  /** A reduction over a sliding window of one operand: pooling and its gradients. */
  | 'window'
  /** A reduction over whole axes. */
  | 'reduction'
  /** The same elements in the same order under another shape: no kernel, an alias in the plan. */
  | 'view'
  /** Each operand is a strided window of the result: a kernel only where an operand cannot be placed there directly. */
  | 'concatenation'
  /** Any other gather with one writer per element (slice, transpose, translate, random). */
  | 'gather'
  /** No other elements than those of the operand, perhaps not all, perhaps repeated: of one value everywhere it makes the same. */
  | 'rearrangement'
  /** Replaced by a pass before lowering; has no kernel (`gradient`). */
  | 'pseudo'
  /** f(a, b) = f(b, a). */
  | 'commutative'
  /** f(f(x)) = f(x). */
  | 'idempotent';
