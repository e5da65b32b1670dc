import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { Caller } from "./caller.ts";

/**
 * A server's JSON-RPC error as the caller's revision allows it. JSON-RPC's own codes mean the same everywhere; from
 * 2026-07-28 on -32000 to -32019 mean nothing, and -32020 to -32099 are the specification's, which no earlier client knows.
 */
export function protocolError(
  { code, message, data }: { code: number; message: string; data?: unknown },
  era: Caller["era"],
): ProtocolError {
  return new ProtocolError(codeFor(code, era), message, data);
}

const resourceNotFound = -32002;

function codeFor(code: number, era: Caller["era"]): number {
  if (code <= -32_700 || (code <= -32_600 && code >= -32_603)) return code;
  const isLegacy = code <= -32_000 && code > -32_020;
  const isModern = code <= -32_020 && code >= -32_099;
  if (era === "modern" && code === resourceNotFound) return ProtocolErrorCode.InvalidParams;
  if (era === "modern" ? isLegacy : isModern) return ProtocolErrorCode.InternalError;
  return code;
}
