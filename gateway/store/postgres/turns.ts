import { StoreUnavailable } from "../store.ts";

export type Turns = {
  /** Resolves when it is this one's turn; whoever has had it calls what it gives. */
  take(): Promise<() => void>;
};

/** So many at once, and so many who wait for them, each only so long: then they are told instead of piling up. */
export function turns(limits: { atOnce: number; waiting: number; waitMs: number }): Turns {
  const line = new Set<() => void>();
  let taken = 0;

  return {
    async take() {
      if (taken < limits.atOnce) taken++;
      else await wait();
      let isMine = true;
      return () => {
        if (isMine) give();
        isMine = false;
      };
    },
  };

  function wait(): Promise<void> {
    if (line.size >= limits.waiting) {
      throw new StoreUnavailable(
        `All ${limits.atOnce} database connections are busy, and ${limits.waiting} wait for one.`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const called = () => {
      clearTimeout(timer);
      line.delete(called);
      resolve();
    };
    const timer = setTimeout(() => {
      line.delete(called);
      reject(
        new StoreUnavailable(
          `No database connection was free within ${limits.waitMs} ms; all ${limits.atOnce} are busy.`,
        ),
      );
    }, limits.waitMs);
    line.add(called);
    return promise;
  }

  function give(): void {
    const [next] = line;
    if (next) next();
    else taken--;
  }
}
