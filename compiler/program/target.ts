/** What passes and schedules may ask of a target; nothing here names an op. */
export interface TargetInfo {
  readonly name: 'ts' | 'js';
  /** Accumulators a contraction keeps in registers at once. */
  readonly accumulators: number;
  /** A reduction over at most so many points is written out in full. */
  readonly unroll: number;
  /** Of a longer one, the innermost loops are, up to so many points. */
  readonly unrollInner: number;
  /** Whether `exp`, `log` and `tanh` become the f32 sequences that all CPU targets share. */
  readonly lowerMath: boolean;
}

/**
 * One thread of scalar JavaScript with rounding to f32. Four accumulators hide most of the latency of add and round;
 * more of them make the text longer and the kernels no faster.
 */
export const typescript: TargetInfo = {
  name: 'ts',
  accumulators: 4,
  unroll: 9,
  unrollInner: 6,
  lowerMath: true,
};

/** The same kernels without types. */
export const javascript: TargetInfo = { ...typescript, name: 'js' };

/** The targets by the name the user gives. */
export const targets: Readonly<Record<'ts' | 'js', TargetInfo>> = { ts: typescript, js: javascript };
