/** Names of `.cnn` files never become code: what stands in generated text is made here. */

/** At most `longest` ASCII letters, digits and single underscores, beginning with a letter. */
export function identifier(name: string, longest = 40): string {
  const plain = name
    .replaceAll(/[^A-Za-z0-9]+/g, '_')
    .slice(0, longest)
    .replaceAll(/^_+|_+$/g, '');
  return /^[A-Za-z]/.test(plain) ? plain : `v${plain === '' ? '' : `_${plain}`}`;
}
