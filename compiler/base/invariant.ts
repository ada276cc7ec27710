/** A bug in the compiler, never the user's fault. The command line prints it with a request to report it and exits with 70. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws an `InvariantError` unless `condition` holds. For what only a bug in cnnc can break. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
