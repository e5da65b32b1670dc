/**
 * Says one thing at most once in `everyMs`, so that a flood fills no disk, and then how often it happened since it was last
 * said. `what` is one of few.
 */
export function sparing({ everyMs, now }: { everyMs: number; now: () => number }) {
  const said = new Map<string, { atMs: number; times: number }>();
  return (what: string, say: (times: number) => void): void => {
    const last = said.get(what);
    if (last && now() - last.atMs < everyMs) {
      last.times++;
      return;
    }
    said.set(what, { atMs: now(), times: 0 });
    say((last?.times ?? 0) + 1);
  };
}
