import type { LineWriter } from "./line-writer.ts";
import type { Log } from "./log.ts";
import type { RequestSeen } from "../requests/request-seen.ts";

/** Takes the one line that each request has. */
export type AccessLog = {
  /** Whether lines are wanted at all. */
  readonly isOn: () => boolean;
  write(request: RequestSeen): void;
};

/** Among whatever else is logged, as people read it. */
export function accessLogTo(log: Log): AccessLog {
  return {
    isOn: () => log.isLevelEnabled("info"),
    write: (request) => log.info(fieldsOf(request), "request"),
  };
}

/** JSON lines that look like the logger's own, at a fifth of their cost. */
export function accessLogLines(log: Log, lines: Pick<LineWriter, "writeLine">, now: () => number): AccessLog {
  const level = log.levels.values["info"];
  let timeMs = 0;
  let time = "";
  return {
    isOn: () => log.isLevelEnabled("info"),
    write(request) {
      const nowMs = now();
      if (nowMs !== timeMs) {
        timeMs = nowMs;
        time = new Date(nowMs).toISOString();
      }
      lines.writeLine(JSON.stringify(fieldsOf(request, { level, time, msg: "request" })));
    },
  };
}

const maxPathLength = 256;

/** What is undefined is left out. */
function fieldsOf(request: RequestSeen, own?: { level: number | undefined; time: string; msg: string }) {
  const { place, via, end } = request;
  return {
    level: own?.level,
    time: own?.time,
    requestId: request.requestId,
    traceId: request.traceId,
    via: via === "router" ? via : undefined,
    principal: request.principal,
    adapter: place === "" ? undefined : place,
    path: place === "" ? request.path.slice(0, maxPathLength) : undefined,
    replica: request.replica,
    httpMethod: request.method === request.httpMethod ? undefined : request.httpMethod,
    method: request.method === "" ? undefined : request.method,
    tool: request.tool,
    session: request.session,
    status: request.status,
    rpcError: request.rpcError,
    toolError: request.isToolError || undefined,
    end: end === "complete" ? undefined : end,
    durationMs: rounded(request.durationMs),
    gatewayMs: rounded(request.gatewayMs),
    upstreamMs: rounded(request.upstreamMs),
    heldMs: rounded(request.heldMs),
    requestBytes: request.requestBytes,
    answerBytes: request.answerBytes,
    msg: own?.msg,
  };
}

/** To hundredths, as far as anybody reads. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 100) / 100;
}
