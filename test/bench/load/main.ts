/** The load generator, a process of its own so that its work is on no one else's bill. Takes orders over IPC, one at a time. */
import type { Question, Reply } from "./orders.ts";
import { driveRequests } from "./requests.ts";
import { driveStreams } from "./streams.ts";

process.on("message", (question: Question) => {
  void answer(question).then((reply) => process.send?.(reply));
});
process.on("disconnect", () => process.exit());

async function answer(question: Question): Promise<Reply> {
  try {
    const figures =
      question.kind === "requests" ? await driveRequests(question.order) : await driveStreams(question.order);
    return { state: "done", figures };
  } catch (error) {
    return { state: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}
