import type { Family } from "../observe/metrics/families.ts";
import { counted, together } from "../observe/metrics/together.ts";

type HasFigures = { figures(): Promise<readonly Family[]> };

/**
 * The figures of processes that come and go, as those of one. What an ended one has counted stays, so that no counter ever goes
 * back: to Prometheus that would be a restart, and a leap in every rate.
 */
export function figuresOfAll(own: HasFigures) {
  const living = new Set<HasFigures>();
  let ended: readonly Family[] = [];
  let underWay: Promise<Family[]> | undefined;

  return {
    add: (one: HasFigures) => void living.add(one),
    /** It has ended: it gives no others than those it gave last. */
    async remove(one: HasFigures): Promise<void> {
      const last = counted(await one.figures());
      ended = together([ended, last]);
      living.delete(one);
    },
    /** Many who ask at once cost no more than one. */
    now(): Promise<readonly Family[]> {
      underWay ??= collect().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
  };

  async function collect(): Promise<Family[]> {
    const each = await Promise.all([own, ...living].map(async (one) => ({ one, families: await one.figures() })));
    // What has ended meanwhile is among the ended already.
    const still = each.filter(({ one }) => one === own || living.has(one));
    return together([...still.map(({ families }) => families), ended]);
  }
}
