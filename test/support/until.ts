/** Waits for a condition instead of sleeping; fails with the last thing it saw after `limitMs`. */
export async function until<Value>(
  what: string,
  look: () => Value | undefined | false | null | Promise<Value | undefined | false | null>,
  limitMs = 15_000,
): Promise<Value> {
  const endMs = Date.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > endMs) throw new Error(`waited ${limitMs} ms in vain for: ${what}`);
    await Bun.sleep(10);
  }
}
