/** The load generator, a process of its own so that its work is on no one else's bill. Takes orders over IPC, one at a time. */
import { driveAborts } from "./aborts.ts";
import { driveChurn } from "./churn.ts";
import type { Question, Reply } from "./orders.ts";
import { driveRecovery } from "./recovery.ts";
import { driveRequests } from "./requests.ts";
import { driveStreams } from "./streams.ts";

process.on("message", (question: Question) => {
  void answer(question).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer(question: Question): Promise<Reply> {
  try {
    return { state: "done", figures: await drive(question) };
  } catch (error) {
    return { state: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

function drive({ kind, order }: Question): Promise<unknown> {
  switch (kind) {
    case "requests":
      return driveRequests(order);
    case "churn":
      return driveChurn(order);
    case "streams":
      return driveStreams(order);
    case "aborts":
      return driveAborts(order);
    case "recovery":
      return driveRecovery(order);
  }
}
