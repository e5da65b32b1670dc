import { resolve } from "node:path";
import { root } from "../../root.ts";
import type { Images } from "../local/catalogue.ts";
import { proxySettings } from "./mcp-proxy/settings.ts";

const fileOf = (path: string) => resolve(root, "gateway/runtime/images", path);

/** The images that every laptop has. They run in the gateway's folder, so that a user's relative paths mean what they say. */
export const bundledImages: Images = {
  "mcp-example": {
    command: ["bun", fileOf("mcp-example.ts")],
    environment: {},
    description: "A sample MCP server: add numbers, count calls of a session, see who calls and which replica answers",
    directory: process.cwd(),
  },
  "mcp-proxy": {
    command: ["bun", fileOf("mcp-proxy/mcp-proxy.ts")],
    // Read by Bun at its start only: open streams count as requests, and it stops at 256.
    environment: { BUN_CONFIG_MAX_HTTP_REQUESTS: "16384" },
    description: "Runs any stdio server (MCP_COMMAND, MCP_ARGS) or stands for a remote one (MCP_PROXY_URL)",
    directory: process.cwd(),
    refusal(declared) {
      const settings = proxySettings(declared);
      return settings.mode === "refused" ? settings.reason : undefined;
    },
  },
  "weather-tool": {
    command: ["bun", fileOf("weather-tool.ts")],
    environment: {},
    description: "A sample tool: a made-up weather forecast, by POST /score or GET /forecast?city=",
    directory: process.cwd(),
  },
};
