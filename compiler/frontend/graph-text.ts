export {};
export function parseGraph(): never { throw new Error('x'); }
