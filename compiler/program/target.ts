/** What passes and schedules may ask of a target; nothing here names an op. */
export interface TargetInfo {
  /** `ts` is printed as TypeScript or as JavaScript. */
  readonly name: 'ts' | 'wasm';
  /** Elements that one instruction works on. */
  readonly lanes: number;
  /** Accumulators a contraction keeps in registers at once. */
  readonly accumulators: number;
  /** A reduction over at most so many points is written out in full. */
  readonly unroll: number;
  /** Of a longer one, the innermost loops are, up to so many points. */
  readonly unrollInner: number;
}

/**
 * One thread of scalar JavaScript with rounding to f32. Four accumulators hide most of the latency of add and round;
 * more of them make the text longer and the kernels no faster.
 */
export const typescript: TargetInfo = {
  name: 'ts',
  lanes: 1,
  accumulators: 4,
  unroll: 6,
  unrollInner: 6,
};

/** WebAssembly with SIMD. Its schedule does not go by the numbers, which are of scalar code. */
export const webassembly: TargetInfo = { ...typescript, name: 'wasm', lanes: 4 };

/** The targets by name. */
export const targets: Readonly<Record<TargetInfo['name'], TargetInfo>> = {
  ts: typescript,
  wasm: webassembly,
};
