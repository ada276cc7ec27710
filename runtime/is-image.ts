import type { PortInfo } from './model-types.ts';

/** Whether an input takes pictures. */
export const isImage = ({ dtype, shape }: PortInfo): boolean =>
  (dtype === 'u8' || dtype === 'f32') && shape.length === 3 && (shape[2] === 1 || shape[2] === 3);
