/** Which element types ops accept. */
export const numbers = ['f32', 'i32', 'u32'] as const;
export const signed = ['f32', 'i32'] as const;
export const ordered = ['f32', 'i32', 'u32', 'u8'] as const;
export const bool = ['bool'] as const;
export const comparable = ['f32', 'i32', 'u32', 'u8', 'bool'] as const;
