/** Looks at numbers that should follow each other, and says what is wrong with one. The first is right if it follows `last`. */
export function sequence(last: number | undefined): (n: number) => string | undefined {
  let before = last;
  return (n) => {
    const expected = before === undefined ? n : before + 1;
    before = Math.max(n, before ?? n);
    if (n > expected) return `${n - expected} missing before ${n}`;
    if (n < expected) return `${n} came again, ${expected} was next`;
    return undefined;
  };
}
