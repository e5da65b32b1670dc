import { expect, test } from "bun:test";
import { examine, faults, stepOf } from "./examine.ts";
import { type Plant, startMcpServer } from "./mcp-server.ts";

const page = "https://portal.example.com";

/** A server that lets the page call, but for what is changed. */
function letting({
  preflight = {},
  answer = {},
  status = 204,
}: { preflight?: Record<string, string>; answer?: Record<string, string>; status?: number } = {}): Plant {
  const allowed = { "access-control-allow-origin": page };
  return async (request, _body, right) => {
    if (request.headers.get("origin") !== page) return right();
    if (request.method === "OPTIONS") {
      const asked = request.headers.get("access-control-request-headers") ?? "";
      const headers = { ...allowed, "access-control-allow-headers": asked, ...preflight };
      return new Response(null, { status, headers });
    }
    const { body, headers: given, status: rightStatus } = await right();
    const headers = new Headers(given);
    const exposed = { "access-control-expose-headers": "Mcp-Session-Id, WWW-Authenticate" };
    for (const [name, value] of Object.entries({ ...allowed, ...exposed, ...answer })) headers.set(name, value);
    return new Response(body, { status: rightStatus, headers });
  };
}

test.each<[string, Plant, string[], string]>([
  ["all is allowed", letting(), [], `${page} may call and read.`],
  ["all is allowed to everybody", letting({ preflight: { "access-control-allow-origin": "*" } }), [], "may call"],
  ["the preflight needs a token", letting({ status: 401 }), ["cors: preflight-guarded"], "HTTP 401"],
  ["the preflight is forbidden", letting({ status: 403 }), ["cors: blocked-origin"], `The Origin was ${page}.`],
  ["there is no preflight", letting({ status: 405 }), ["cors: no-cors"], "HTTP 405"],
  [
    "another page is allowed",
    letting({ preflight: { "access-control-allow-origin": "https://a.example" } }),
    ["cors: no-cors"],
    "HTTP 204",
  ],
  [
    "a header is missing",
    letting({ preflight: { "access-control-allow-headers": "Authorization, Content-Type" } }),
    ["cors: no-cors"],
    "The preflight does not allow mcp-protocol-version, mcp-session-id, mcp-method, last-event-id.",
  ],
  [
    "* is not Authorization",
    letting({ preflight: { "access-control-allow-headers": "*" } }),
    ["cors: no-cors"],
    "The preflight does not allow authorization.",
  ],
  [
    "the answer is for nobody",
    letting({ answer: { "access-control-allow-origin": "null" } }),
    ["cors: no-cors"],
    "The answer itself",
  ],
  [
    "the session id is hidden",
    letting({ answer: { "access-control-expose-headers": "WWW-Authenticate" } }),
    ["cors: hidden-headers"],
    "The page cannot read mcp-session-id.",
  ],
])("%s", async (_what, plant, expected, got) => {
  const foreign: Plant = (request, body, right) =>
    request.headers.get("origin") === page || request.headers.get("origin") === null
      ? plant(request, body, right)
      : new Response(null, { status: 403 });
  await using server = startMcpServer(foreign, { checksOrigin: false, modern: false });
  const diagnosis = await examine(server.url, { args: ["--origin", page] });
  expect(faults(diagnosis)).toEqual(expected);
  expect(stepOf(diagnosis, "cors").got).toContain(got);
});
