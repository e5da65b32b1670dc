import type { Events } from "../../../observe/events.ts";
import type { Resource } from "../../../store/store.ts";
import { type Delivered, type DeliveryLimits, delivery } from "../../delivery.ts";
import type { Forward } from "../../forward.ts";
import type { Replicas } from "../../replicas.ts";
import type { Caller } from "../caller.ts";
import { resultFrom, type Schemas } from "./answer.ts";
import { toolRequest } from "./request.ts";
import { errorResult, oneLine, type ToolResult } from "./result.ts";
import { isObject } from "../../message.ts";

export type ToolCallLimits = DeliveryLimits & {
  /** From the call to the last byte of the answer, waiting for a replica included. */
  readonly toolTimeoutMs: number;
  /** Of one answer: it is held in memory. */
  readonly maxAnswerBytes: number;
};

/** Most clients wait a minute for a tool. */
export const usualToolLimits = { toolTimeoutMs: 60_000, maxAnswerBytes: 4 * 1024 * 1024 };

const retryAfterSeconds = 2;

/**
 * Calls tools: their arguments are checked, then sent to any ready replica of the tool's program. Whatever the tool does,
 * there is a result, with `isError` and a reason where it is not the one that was wanted.
 */
export function toolCalls({
  forward,
  replicas,
  schemas,
  events,
  limits,
  nonce,
}: {
  forward: Forward;
  replicas: Replicas;
  schemas: Schemas;
  events: Pick<Events, "upstreamFailed" | "noReplicaReady">;
  limits: ToolCallLimits;
  nonce: () => string;
}): (tool: Resource<"tool">, args: unknown, caller: Caller) => Promise<ToolResult> {
  const deliver = delivery({ replicas, forward, limits });

  return async (resource, args, caller) => {
    const given = args === undefined ? {} : args;
    const { tool } = resource.body.toolDefinition;
    const problem = schemas.validator(tool.inputSchema)(given);
    if (problem !== undefined) return errorResult(`The arguments do not match the tool's inputSchema: ${problem}.`);
    // The contract's schemas take objects only.
    if (!isObject(given)) return errorResult("The arguments must be an object.");
    using ending = endingOf(caller.signal, limits.toolTimeoutMs);
    const cancelled = errorResult("The call was cancelled.");
    if (ending.state() === "left") return cancelled;
    const result = await carryOut(resource, given, caller, ending.signal);
    switch (ending.state()) {
      case "late":
        return errorResult(`The tool did not answer within ${limits.toolTimeoutMs / 1000} seconds.`);
      case "left":
        return cancelled;
      case "running":
        return result;
    }
  };

  async function carryOut(
    resource: Resource<"tool">,
    args: Record<string, unknown>,
    caller: Caller,
    signal: AbortSignal,
  ): Promise<ToolResult> {
    const { toolDefinition, replicaCount } = resource.body;
    const prepared = toolRequest(toolDefinition, args, caller, signal);
    if (prepared.state === "refused") return errorResult(`The tool cannot be called: ${prepared.reason}.`);
    // By chance, so that the replicas share the calls: a tool keeps nothing between two.
    const route = { state: "placed" as const, key: nonce() };
    const holdMs = replicaCount > 0 ? limits.holdMs : 0;
    const delivered = await deliver.toReady(prepared.request, resource.name, route, holdMs);
    if (delivered.state === "answered") {
      return resultFrom(delivered.response, toolDefinition.tool, { schemas, maxAnswerBytes: limits.maxAnswerBytes });
    }
    tell(delivered, resource.name, caller.requestId);
    return errorResult(reasonFor(delivered, resource));
  }

  function tell(delivered: Exclude<Delivered, { state: "answered" }>, tool: string, requestId: string): void {
    if (delivered.state === "unready") events.noReplicaReady({ requestId, adapter: tool });
    if (delivered.state !== "broken") return;
    const { endpoint, reason } = delivered;
    events.upstreamFailed({ requestId, adapter: tool, replica: endpoint.name, reason });
  }

  function reasonFor(delivered: Exclude<Delivered, { state: "answered" }>, { name, body }: Resource<"tool">): string {
    switch (delivered.state) {
      case "unready": {
        if (body.replicaCount === 0) return "The tool is switched off: it has no replicas.";
        const later = `Try again in ${retryAfterSeconds} seconds.`;
        return replicas.of(name).some(({ state }) => state === "ready")
          ? `Failed to connect to inference server - every replica refuses connections. ${later}`
          : `Failed to connect to inference server - no replica of the tool is ready. ${later}`;
      }
      case "broken":
        return `The tool gave no answer: ${oneLine(delivered.reason, 100)}.`;
      case "lost":
        return "The tool gave no answer: its replica is gone.";
      case "abandoned":
        return "The call was cancelled.";
    }
  }
}

type Ending = Disposable & { readonly signal: AbortSignal; state(): "running" | "late" | "left" };

/** Ends a call when its time is over or its client has gone, whichever is first. */
function endingOf(client: AbortSignal, timeoutMs: number): Ending {
  const ending = new AbortController();
  let state: ReturnType<Ending["state"]> = "running";
  const end = (why: "late" | "left") => {
    if (state !== "running") return;
    state = why;
    // Bun prints every other reason for each stream that it ends.
    ending.abort(null);
  };
  const leave = () => end("left");
  const timer = setTimeout(() => end("late"), timeoutMs);
  client.addEventListener("abort", leave);
  if (client.aborted) leave();
  return {
    signal: ending.signal,
    state: () => state,
    [Symbol.dispose]() {
      clearTimeout(timer);
      client.removeEventListener("abort", leave);
    },
  };
}
