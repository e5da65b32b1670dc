import { startChild } from "../children.ts";
import type { Reply, Work } from "./orders.ts";

/** The load process, seen from the bench. */
export type Load = AsyncDisposable & {
  /** One order at a time. Rejects when it cannot be carried out, or when the bench is interrupted. */
  drive<K extends keyof Work>(kind: K, order: Work[K]["order"]): Promise<Work[K]["figures"]>;
};

export function startLoad(at: { cores: string; folder: string; signal: AbortSignal }): Load {
  let settle = (_: Reply) => {};
  const child = startChild({
    name: "load",
    command: [process.execPath, `${import.meta.dir}/main.ts`],
    cores: at.cores,
    folder: at.folder,
    onMessage: (reply) => settle(reply as Reply),
  });
  const interrupted = new Promise<never>((_, reject) => {
    at.signal.addEventListener("abort", () => reject(at.signal.reason));
  });
  interrupted.catch(() => {});

  return {
    async drive<K extends keyof Work>(kind: K, order: Work[K]["order"]) {
      at.signal.throwIfAborted();
      const reply = new Promise<Reply>((resolve) => {
        settle = resolve;
      });
      child.send({ kind, order });
      const answer = await Promise.race([reply, interrupted, child.ended]);
      if (answer === undefined) throw new Error("the load process was stopped");
      if (answer.state === "failed") throw new Error(answer.reason);
      return answer.figures as Work[K]["figures"];
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
