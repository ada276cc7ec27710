/** To the nearest integer, ties to the even one. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return rest < 0.5 ? down : Math.ceil(x);
  return down % 2 === 0 ? down : Math.ceil(x);
}
