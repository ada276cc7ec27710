/**
 * The instructions without structure: one row gives the name in WAT, the bytes of the opcode, what an instruction carries
 * with it, and what it takes from and leaves on the stack.
 */

/** i: i32, I: i64, f: f32, v: v128. Operands, then results: `ff>f`. */
export type Signature = `${string}>${string}`;

/**
 * What stands behind the opcode: nothing, a place in memory (`memory`, with a lane in `memoryLane`), a lane number, or 16
 * lane numbers.
 */
type Immediate = 'none' | 'memory' | 'memoryLane' | 'lane' | 'shuffle';

export interface Operation {
  readonly name: string;
  /** A byte of its own, or the prefix of `code`. */
  readonly prefix?: 0xfc | 0xfd | 0xfe;
  readonly code: number;
  readonly signature: Signature;
  readonly immediate: Immediate;
  /** log2 of the natural alignment of an access. */
  readonly align: number;
}

const groups = {
  plain: {
    'i32.eqz': [0x45, 'i>i'],
    'i32.eq': [0x46, 'ii>i'],
    'i32.ne': [0x47, 'ii>i'],
    'i32.lt_s': [0x48, 'ii>i'],
    'i32.lt_u': [0x49, 'ii>i'],
    'i32.gt_s': [0x4a, 'ii>i'],
    'i32.gt_u': [0x4b, 'ii>i'],
    'i32.le_s': [0x4c, 'ii>i'],
    'i32.le_u': [0x4d, 'ii>i'],
    'i32.ge_s': [0x4e, 'ii>i'],
    'i32.ge_u': [0x4f, 'ii>i'],
    'f32.eq': [0x5b, 'ff>i'],
    'f32.ne': [0x5c, 'ff>i'],
    'f32.lt': [0x5d, 'ff>i'],
    'f32.gt': [0x5e, 'ff>i'],
    'f32.le': [0x5f, 'ff>i'],
    'f32.ge': [0x60, 'ff>i'],
    'i32.clz': [0x67, 'i>i'],
    'i32.add': [0x6a, 'ii>i'],
    'i32.sub': [0x6b, 'ii>i'],
    'i32.mul': [0x6c, 'ii>i'],
    'i32.div_s': [0x6d, 'ii>i'],
    'i32.div_u': [0x6e, 'ii>i'],
    'i32.rem_s': [0x6f, 'ii>i'],
    'i32.rem_u': [0x70, 'ii>i'],
    'i32.and': [0x71, 'ii>i'],
    'i32.or': [0x72, 'ii>i'],
    'i32.xor': [0x73, 'ii>i'],
    'i32.shl': [0x74, 'ii>i'],
    'i32.shr_s': [0x75, 'ii>i'],
    'i32.shr_u': [0x76, 'ii>i'],
    'f32.abs': [0x8b, 'f>f'],
    'f32.neg': [0x8c, 'f>f'],
    'f32.ceil': [0x8d, 'f>f'],
    'f32.floor': [0x8e, 'f>f'],
    'f32.nearest': [0x90, 'f>f'],
    'f32.sqrt': [0x91, 'f>f'],
    'f32.add': [0x92, 'ff>f'],
    'f32.sub': [0x93, 'ff>f'],
    'f32.mul': [0x94, 'ff>f'],
    'f32.div': [0x95, 'ff>f'],
    'f32.min': [0x96, 'ff>f'],
    'f32.max': [0x97, 'ff>f'],
    'f32.copysign': [0x98, 'ff>f'],
    'f32.convert_i32_s': [0xb2, 'i>f'],
    'f32.convert_i32_u': [0xb3, 'i>f'],
    'i32.reinterpret_f32': [0xbc, 'f>i'],
    'f32.reinterpret_i32': [0xbe, 'i>f'],
  },
  saturating: {
    'i32.trunc_sat_f32_s': [0x00, 'f>i'],
    'i32.trunc_sat_f32_u': [0x01, 'f>i'],
  },
  simd: {
    'i8x16.splat': [0x0f, 'i>v'],
    'i32x4.splat': [0x11, 'i>v'],
    'f32x4.splat': [0x13, 'f>v'],
    'i32x4.eq': [0x37, 'vv>v'],
    'i32x4.ne': [0x38, 'vv>v'],
    'i32x4.lt_s': [0x39, 'vv>v'],
    'i32x4.lt_u': [0x3a, 'vv>v'],
    'i32x4.gt_s': [0x3b, 'vv>v'],
    'i32x4.gt_u': [0x3c, 'vv>v'],
    'i32x4.le_s': [0x3d, 'vv>v'],
    'i32x4.le_u': [0x3e, 'vv>v'],
    'i32x4.ge_s': [0x3f, 'vv>v'],
    'i32x4.ge_u': [0x40, 'vv>v'],
    'f32x4.eq': [0x41, 'vv>v'],
    'f32x4.ne': [0x42, 'vv>v'],
    'f32x4.lt': [0x43, 'vv>v'],
    'f32x4.gt': [0x44, 'vv>v'],
    'f32x4.le': [0x45, 'vv>v'],
    'f32x4.ge': [0x46, 'vv>v'],
    'v128.not': [0x4d, 'v>v'],
    'v128.and': [0x4e, 'vv>v'],
    'v128.andnot': [0x4f, 'vv>v'],
    'v128.or': [0x50, 'vv>v'],
    'v128.xor': [0x51, 'vv>v'],
    'v128.bitselect': [0x52, 'vvv>v'],
    'i8x16.narrow_i16x8_u': [0x66, 'vv>v'],
    'f32x4.ceil': [0x67, 'v>v'],
    'f32x4.floor': [0x68, 'v>v'],
    'f32x4.nearest': [0x6a, 'v>v'],
    'i16x8.narrow_i32x4_s': [0x85, 'vv>v'],
    'i16x8.extend_low_i8x16_u': [0x89, 'v>v'],
    'i32x4.abs': [0xa0, 'v>v'],
    'i32x4.neg': [0xa1, 'v>v'],
    'i32x4.extend_low_i16x8_u': [0xa9, 'v>v'],
    'i32x4.shl': [0xab, 'vi>v'],
    'i32x4.shr_s': [0xac, 'vi>v'],
    'i32x4.shr_u': [0xad, 'vi>v'],
    'i32x4.add': [0xae, 'vv>v'],
    'i32x4.sub': [0xb1, 'vv>v'],
    'i32x4.mul': [0xb5, 'vv>v'],
    'i32x4.min_s': [0xb6, 'vv>v'],
    'i32x4.min_u': [0xb7, 'vv>v'],
    'i32x4.max_s': [0xb8, 'vv>v'],
    'i32x4.max_u': [0xb9, 'vv>v'],
    'f32x4.abs': [0xe0, 'v>v'],
    'f32x4.neg': [0xe1, 'v>v'],
    'f32x4.sqrt': [0xe3, 'v>v'],
    'f32x4.add': [0xe4, 'vv>v'],
    'f32x4.sub': [0xe5, 'vv>v'],
    'f32x4.mul': [0xe6, 'vv>v'],
    'f32x4.div': [0xe7, 'vv>v'],
    'f32x4.min': [0xe8, 'vv>v'],
    'f32x4.max': [0xe9, 'vv>v'],
    'f32x4.pmin': [0xea, 'vv>v'],
    'f32x4.pmax': [0xeb, 'vv>v'],
    'i32x4.trunc_sat_f32x4_s': [0xf8, 'v>v'],
    'i32x4.trunc_sat_f32x4_u': [0xf9, 'v>v'],
    'f32x4.convert_i32x4_s': [0xfa, 'v>v'],
    'f32x4.convert_i32x4_u': [0xfb, 'v>v'],
  },
  simdLane: {
    'i32x4.extract_lane': [0x1b, 'v>i'],
    'i32x4.replace_lane': [0x1c, 'vi>v'],
    'f32x4.extract_lane': [0x1f, 'v>f'],
    'f32x4.replace_lane': [0x20, 'vf>v'],
  },
  simdShuffle: {
    'i8x16.shuffle': [0x0d, 'vv>v'],
  },
  /** The last number is log2 of the bytes. */
  memory: {
    'i32.load': [0x28, 'i>i', 2],
    'f32.load': [0x2a, 'i>f', 2],
    'i32.load8_u': [0x2d, 'i>i', 0],
    'i32.store': [0x36, 'ii>', 2],
    'f32.store': [0x38, 'if>', 2],
    'i32.store8': [0x3a, 'ii>', 0],
  },
  simdMemory: {
    'v128.load': [0x00, 'i>v', 4],
    'v128.load8_splat': [0x07, 'i>v', 0],
    'v128.load32_splat': [0x09, 'i>v', 2],
    'v128.store': [0x0b, 'iv>', 4],
    'v128.load32_zero': [0x5c, 'i>v', 2],
  },
  simdMemoryLane: {
    'v128.load8_lane': [0x54, 'iv>v', 0],
    'v128.load32_lane': [0x56, 'iv>v', 2],
    'v128.store8_lane': [0x58, 'iv>', 0],
    'v128.store32_lane': [0x5a, 'iv>', 2],
  },
  atomic: {
    'memory.atomic.notify': [0x00, 'ii>i', 2],
    'memory.atomic.wait32': [0x01, 'iiI>i', 2],
    'i32.atomic.load': [0x10, 'i>i', 2],
    'i32.atomic.store': [0x17, 'ii>', 2],
    'i32.atomic.rmw.add': [0x1e, 'ii>i', 2],
  },
} as const satisfies Record<string, Record<string, readonly [number, Signature, number?]>>;

type Groups = typeof groups;
/** Instructions that carry nothing. */
export type PlainOp = keyof (Groups['plain'] & Groups['saturating'] & Groups['simd']);
export type LaneOp = keyof Groups['simdLane'];
export type MemoryOp = keyof (Groups['memory'] & Groups['simdMemory'] & Groups['atomic']);
export type MemoryLaneOp = keyof Groups['simdMemoryLane'];

const kinds: Readonly<Record<keyof Groups, Pick<Operation, 'prefix' | 'immediate'>>> = {
  plain: { immediate: 'none' },
  saturating: { prefix: 0xfc, immediate: 'none' },
  simd: { prefix: 0xfd, immediate: 'none' },
  simdLane: { prefix: 0xfd, immediate: 'lane' },
  simdShuffle: { prefix: 0xfd, immediate: 'shuffle' },
  memory: { immediate: 'memory' },
  simdMemory: { prefix: 0xfd, immediate: 'memory' },
  simdMemoryLane: { prefix: 0xfd, immediate: 'memoryLane' },
  atomic: { prefix: 0xfe, immediate: 'memory' },
};

/** All of them by name. */
export const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries(groups).flatMap(([group, rows]) =>
    Object.entries(rows as Readonly<Record<string, readonly [number, Signature, number?]>>).map(
      ([name, [code, signature, align = 0]]) =>
        [name, { name, code, signature, align, ...kinds[group as keyof Groups] }] as const,
    ),
  ),
);
