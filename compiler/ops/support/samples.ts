/** Operands that tests draw, for ops that take the same. */

/** Of two operands that broadcast: the ways in which shapes can meet, and integers. */
export const broadcasting = [
  { operands: { a: { shape: [2, 3] }, b: { shape: [2, 3] } } },
  { operands: { a: { shape: ['N', 2, 3] }, b: { shape: [3] } } },
  { operands: { a: { shape: [2, 1, 3] }, b: { shape: [4, 1] } } },
  { operands: { a: { shape: [] }, b: { shape: ['N', 2] } } },
  { operands: { a: { shape: ['N', 1] }, b: { shape: ['N', 3] } } },
  { operands: { a: { shape: ['N'], dtype: 'i32' }, b: { shape: ['N'], dtype: 'i32' } } },
] as const;
