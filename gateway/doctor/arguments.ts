import { parseArgs } from "node:util";
import { isLoopback } from "./client/parts.ts";

/** What was asked for on the command line. */
export type Command = { readonly verb: "help" } | { readonly verb: "wrong"; readonly why: string } | Examination;

export type Examination = {
  readonly verb: "diagnose";
  readonly url: URL;
  /** A file's path, or `-` for standard input. */
  readonly token: string | undefined;
  readonly headers: readonly string[];
  readonly origin: string | undefined;
  readonly caFile: string | undefined;
  readonly json: boolean;
};

export const help = `Why a client cannot connect: takes the steps of an MCP client, and says of each what was expected, what came, and what to do.

  npm run doctor -- URL     such as https://mcp.example.com/adapters/weather/mcp; any MCP server's

  --token FILE     reads an access token; - reads standard input
  --header TEXT    goes with every request to URL, such as "x-api-key: …"; @FILE has one in each line
  --origin ORIGIN  looks also whether a page of this origin may call, such as https://portal.example.com
  --cacert FILE    trusts the certificates in it beside the usual ones (PEM)
  --json           one JSON document instead of lines
  --help           this

Tokens and headers go to the origin of URL and nowhere else, and are never shown. No tool is called.
Exit code 0: nothing failed; 1: a step failed; 2: wrong usage.
`;

/** Reads a command line, without the program's own name. */
export function readArguments(given: readonly string[]): Command {
  const parsed = parse(given);
  if (typeof parsed === "string") return wrong(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { verb: "help" };
  const [text, ...more] = positionals;
  if (text === undefined || more.length > 0) return wrong("Say one URL.");
  const url = URL.parse(text);
  const why = url ? misuse(url, values) : "This is no URL.";
  if (!url || why !== undefined) return wrong(why ?? "");
  url.hash = "";
  const { token, header: headers, origin, cacert: caFile, json } = values;
  return { verb: "diagnose", url, token, headers, origin, caFile, json };
}

const options = {
  token: { type: "string" },
  header: { type: "string", multiple: true, default: [] as string[] },
  origin: { type: "string" },
  cacert: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

type Values = Exclude<ReturnType<typeof parse>, string>["values"];

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...options, header: { ...options.header } },
      allowPositionals: true,
    });
  } catch (error) {
    return error instanceof Error ? error.message : "The arguments cannot be read.";
  }
}

/** Without TLS credentials go to this machine only. */
function misuse(
  { protocol, hostname, username, password }: URL,
  { token, header, origin }: Values,
): string | undefined {
  if (protocol !== "https:" && protocol !== "http:") return "URL must begin with https:// or http://.";
  if (username || password) return "URL takes no password: use --token or --header.";
  const hasCredentials = token !== undefined || header.length > 0;
  if (protocol === "http:" && hasCredentials && !isLoopback(hostname)) {
    return "--token and --header go over https:// only, unless URL is on this machine.";
  }
  if (origin !== undefined && URL.parse(origin)?.origin !== origin) {
    return "--origin is an origin, such as https://portal.example.com.";
  }
  return undefined;
}

function wrong(why: string): Command {
  return { verb: "wrong", why };
}
