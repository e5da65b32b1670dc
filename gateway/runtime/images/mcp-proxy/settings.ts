import { words } from "./words.ts";

export type ProxySettings =
  | { mode: "stdio"; command: string; args: string[] }
  | { mode: "remote"; url: string; headers: Record<string, string> }
  | { mode: "refused"; reason: string };

const maxArgs = 64;
const maxArgLength = 512;

/** What the declared variables ask for: a stdio server, a remote one, or something that cannot be. */
export function proxySettings(declared: Readonly<Record<string, string | undefined>>): ProxySettings {
  const command = declared.MCP_COMMAND?.trim() ?? "";
  const url = declared.MCP_PROXY_URL?.trim() ?? "";
  if (command !== "" && url !== "") return refused("mcp-proxy takes MCP_COMMAND or MCP_PROXY_URL, not both.");
  if (command !== "") return stdioSettings(command, declared.MCP_ARGS ?? "");
  if (url !== "") return remoteSettings(url, declared.MCP_PROXY_HEADERS ?? "");
  return refused("mcp-proxy needs MCP_COMMAND (a stdio server to run) or MCP_PROXY_URL (a remote server).");
}

function stdioSettings(command: string, line: string): ProxySettings {
  const args = words(line);
  if (args === undefined) return refused("MCP_ARGS ends within quotes or with a backslash.");
  if (args.length > maxArgs) return refused(`MCP_ARGS has ${args.length} arguments, at most ${maxArgs} are taken.`);
  if (args.some((arg) => arg.length > maxArgLength)) {
    return refused(`An argument in MCP_ARGS has more than ${maxArgLength} characters.`);
  }
  return { mode: "stdio", command, args };
}

function remoteSettings(url: string, headersJson: string): ProxySettings {
  const parsed = URL.parse(url);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol)) {
    return refused("MCP_PROXY_URL is not an http or https URL.");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    return refused("MCP_PROXY_URL holds a password; give credentials in MCP_PROXY_HEADERS.");
  }
  const headers = headersFrom(headersJson);
  if (headers === undefined) {
    return refused('MCP_PROXY_HEADERS is not a JSON object of header names and values, like {"X-Api-Key": "…"}.');
  }
  return { mode: "remote", url, headers };
}

function headersFrom(json: string): Record<string, string> | undefined {
  if (json.trim() === "") return {};
  try {
    const parsed: unknown = JSON.parse(json);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    const entries = Object.entries(parsed);
    if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) return undefined;
    return new Headers(entries).toJSON();
  } catch {
    return undefined;
  }
}

function refused(reason: string): ProxySettings {
  return { mode: "refused", reason };
}
