import { basename } from "node:path";
import { sessionVariable } from "../../local/environment.ts";
import { leftoversOf } from "../../local/leftovers.ts";
import { addressFrom, serveImage } from "../serve-image.ts";
import { mcpSessions, sessionLimits } from "../sessions.ts";
import { childEnvironment } from "./child-environment.ts";
import { remoteServer } from "./remote.ts";
import { proxySettings } from "./settings.ts";
import { stdioLimits, stdioSession } from "./stdio-session.ts";

/** Makes any MCP server one that speaks streamable HTTP at /mcp: a stdio server, one process per session, or a remote one. */

const settings = proxySettings(process.env);
const address = addressFrom(process.env);

switch (settings.mode) {
  case "refused":
    console.error(settings.reason);
    process.exit(1);
    break;
  case "remote":
    serveImage({
      ...address,
      mcp: remoteServer({ ...settings, maxBodyBytes: sessionLimits.bodyBytes }),
      dispose: async () => {},
    });
    break;
  case "stdio":
    serveStdio(settings.command, settings.args);
}

function serveStdio(program: string, args: readonly string[]): void {
  const environment = childEnvironment(process.env);
  const command = [...programOf(program), ...args];
  if (Bun.which(command[0] ?? "", { PATH: environment.PATH ?? "" }) === null) {
    console.error(`MCP_COMMAND: there is no program "${program}"`);
    process.exit(1);
  }

  const leftovers = leftoversOf(sessionVariable, stdioLimits.graceMs);
  const sessions = mcpSessions({
    limits: { ...sessionLimits, ...limitsFrom(process.env) },
    async open(transport, id) {
      const log = (line: string) => console.error(`[${id.slice(0, 8)}] ${line}`);
      const onEnd = () => sessions.end(id);
      const own = { ...environment, [sessionVariable]: id };
      const endLeftovers = () => leftovers(id);
      return stdioSession({ command, environment: own, transport, limits: stdioLimits, log, endLeftovers, onEnd });
    },
  });
  serveImage({ ...address, mcp: sessions.fetch, dispose: sessions.dispose });
}

/** Bun would read a .env file in its folder, and that may be the gateway's, with its secrets. */
function programOf(program: string): string[] {
  if (basename(program) !== "bun") return [program];
  return [program === "bun" ? (Bun.which("bun") ?? process.execPath) : program, "--no-env-file"];
}

function limitsFrom(env: Readonly<Record<string, string | undefined>>): { sessions?: number; idleMs?: number } {
  const sessions = Number(env.MCP_PROXY_MAX_SESSIONS);
  const idleMs = Number(env.MCP_PROXY_IDLE_SECONDS) * 1_000;
  return { ...(sessions > 0 && { sessions }), ...(idleMs > 0 && { idleMs }) };
}
