import { bodyBytes, callBody, replicaOf, type Shape } from "../../bench/wire.ts";
import { answerTo } from "../../bench/load/requests.ts";
import type { Verdict } from "../oracle.ts";
import type { Asked, Session } from "../session.ts";
import type { World } from "../world.ts";

/** A call of the bench's upstream, which answers in that shape and says which process it is. */
export function callPlain(
  world: World,
  session: Session,
  shape: Shape,
  how: Pick<Asked, "kind"> & Partial<Asked> = { kind: "session call" },
): Promise<Verdict> {
  const id = plainId(world, shape);
  return session.ask({
    what: `plain ${shape}`,
    body: callBody(id, shape),
    wrongWith({ body }) {
      if (!answerTo(Buffer.from(body), id, shape))
        return `${body.length} bytes for ${bodyBytes[shape]}, or another answer`;
      const pid = replicaOf(body);
      if (pid === undefined) return "it says no process";
      if (!world.ledger.has(pid)) world.findReplicas();
      session.home ??= pid;
      return pid === session.home ? undefined : `process ${pid} answered`;
    },
    ...how,
  });
}

/** The upstream keeps each large answer for the next call with its id. */
const largeAnswers = 16;

export const plainId = ({ random, nextId }: World, shape: Shape): number =>
  shape === "large" ? random.below(largeAnswers) : nextId();
