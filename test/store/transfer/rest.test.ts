import { afterEach, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { openPglite } from "../../../gateway/store/pglite.ts";
import { temporaryDirectory } from "../temporary-directory.ts";
import { run } from "./program.ts";

const servers: { stop(force: boolean): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A gateway of which only the lists are there; gives its URL, and hears who asks. */
function serve(answers: Record<string, Response | object>, heard: (string | null)[] = []): string {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      heard.push(request.headers.get("authorization"));
      const answer = answers[new URL(request.url).pathname] ?? new Response("<!doctype html>", htmlOk);
      return answer instanceof Response ? answer : Response.json(answer);
    },
  });
  servers.push(server);
  return `http://127.0.0.1:${server.port}`;
}

const htmlOk = { headers: { "content-type": "text/html" } };

/** As the Microsoft gateway answers: camelCase, nulls included, times with an offset. */
const adapter = {
  id: "weather",
  name: "weather",
  imageName: "mcp-example",
  imageVersion: "1.0.0",
  environmentVariables: { LOG_LEVEL: "info" },
  replicaCount: 2,
  description: null,
  useWorkloadIdentity: false,
  requiredRoles: null,
  createdBy: "11111111-2222-4333-8444-555555555555",
  createdAt: "2025-06-01T10:00:00.1234567+02:00",
  lastUpdatedAt: "2025-06-01T08:00:01+00:00",
};
const inputSchema = { type: "object", properties: { unit: { enum: ["C", null], default: null } } };
const tool = {
  ...adapter,
  id: "weather-tool",
  name: "weather-tool",
  toolDefinition: {
    tool: {
      name: "forecast",
      title: null,
      description: "The weather",
      inputSchema,
      outputSchema: null,
      annotations: { title: null, readOnlyHint: true },
      icons: null,
      _meta: null,
    },
    port: 443,
    path: "/score",
  },
};

test("what a Microsoft gateway lists becomes records, with what had to be changed said", async () => {
  await using directory = await temporaryDirectory();
  const heard: (string | null)[] = [];
  const url = serve({ "/adapters": [adapter], "/tools": [tool] }, heard);
  const to = `pglite:${directory.path}/a`;
  const ran = await run("copy", url, to, "--header", "Authorization: Bearer t0ken");
  expect(ran).toEqual({
    code: 0,
    out: [
      "Copied 1 adapter, 0 virtual servers, 1 tool and 0 audit entries.",
      "Read back and compared: all of it is there.",
      "Changed on the way:",
      "  tool weather-tool: port 443, which its Service never had, became 8000",
      "  tool weather-tool: the tool in it got the same name",
    ],
    err: "Writing records (2)\nComparing records (2)\n",
  });
  expect(heard).toEqual(Array(3).fill("Bearer t0ken"));

  const store = await openPglite({ directory: `${directory.path}/a` });
  const [stored] = await store.list("adapter");
  expect(stored).toEqual({
    kind: "adapter",
    name: "weather",
    uid: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
    revision: 1,
    deleting: false,
    body: {
      id: "weather",
      name: "weather",
      imageName: "mcp-example",
      imageVersion: "1.0.0",
      environmentVariables: { LOG_LEVEL: "info" },
      replicaCount: 2,
      description: "",
      useWorkloadIdentity: false,
      requiredRoles: [],
      pod: null,
      allowedTools: null,
      exposeTools: false,
      affinity: "principal",
      createdBy: "11111111-2222-4333-8444-555555555555",
      createdAt: "2025-06-01T08:00:00.123Z",
      lastUpdatedAt: "2025-06-01T08:00:01.000Z",
    },
  });
  expect((await store.list("tool"))[0]?.body.toolDefinition).toEqual({
    tool: {
      name: "weather-tool",
      description: "The weather",
      inputSchema,
      annotations: { readOnlyHint: true },
    } as never,
    port: 8000,
    path: "/score",
  });
  await store[Symbol.asyncDispose]();

  const again = await run("copy", `${url}/`, to, "--skip-existing");
  expect(again.out[1]).toBe("2 records and 0 audit entries were there before.");
});

test("from a gateway of ours a tool keeps port 443, virtual servers come too, and secrets without values are asked about", async () => {
  await using directory = await temporaryDirectory();
  const { createdBy, createdAt, lastUpdatedAt } = adapter;
  const definition = { ...tool.toolDefinition, tool: { name: "weather-tool", inputSchema: { type: "object" } } };
  const url = serve({
    "/base/adapters": [{ ...adapter, pod: null, environmentVariables: { KEY: { secret: true } } }],
    "/base/tools": [{ ...tool, pod: null, toolDefinition: definition }],
    "/base/servers": [
      { name: "all", tools: [{ tool: "weather-tool" }], toolSearch: true, createdBy, createdAt, lastUpdatedAt },
    ],
  });
  const refused = await run("export", `${url}/base`, `${directory.path}/file`);
  expect(refused.code).toBe(0);
  const text = await readFile(`${directory.path}/file`, "utf8");
  expect(text).toContain('"port":443');
  expect(text).toContain('"tools":[{"tool":"weather-tool"}]');
  const ran = await run("copy", `${url}/base`, `pglite:${directory.path}/a`);
  expect([ran.code, ran.err]).toEqual([
    1,
    "These secrets have no value here; --without-secrets moves their records all the same:\n  adapter weather: KEY\n",
  ]);
});

test("what Kubernetes manages is left out and told: the gateway there finds it itself", async () => {
  await using directory = await temporaryDirectory();
  const found = { ...adapter, name: "found", pod: null, managedBy: "kubernetes" };
  const url = serve({ "/adapters": [found, { ...adapter, pod: null, managedBy: "gateway" }], "/tools": [] });
  const ran = await run("copy", url, `pglite:${directory.path}/a`);
  expect(ran.out).toEqual([
    "Copied 1 adapter, 0 virtual servers, 0 tools and 0 audit entries.",
    "Read back and compared: all of it is there.",
    "Changed on the way:",
    "  adapter found: left out, for it is registered wherever Kubernetes runs it",
  ]);
  await using store = await openPglite({ directory: `${directory.path}/a` });
  const [stored, ...others] = await store.list("adapter");
  expect([stored?.name, others]).toEqual(["weather", []]);
  expect(stored?.body).not.toHaveProperty("managedBy");
});

test("what this gateway could not run is refused, all of it by name, and nothing is written", async () => {
  await using directory = await temporaryDirectory();
  const url = serve({
    "/adapters": [
      { ...adapter, name: "-weather\u001b[2J" },
      { ...adapter, environmentVariables: { "A.B": "hunter2" } },
      { ...adapter, name: "nobodys", createdBy: null },
      { ...adapter, name: "fine" },
      7,
    ],
    "/tools": [{ ...tool, toolDefinition: null }],
  });
  const ran = await run("export", url, `${directory.path}/file`);
  expect(ran.code).toBe(1);
  expect(ran.err.split("\n")).toEqual([
    "These cannot be taken over as they are:",
    "  adapter -weather?[2J: name: Name must contain only lowercase letters, numbers, and dashes.",
    "  adapter weather: environmentVariables.A.B: Invalid key in record",
    "  adapter nobodys: createdBy: Invalid input: expected string, received undefined",
    "  adapter at place 5: it has no name",
    "  tool weather-tool: toolDefinition: Invalid input: expected object, received undefined",
    "",
  ]);
  expect(ran.err).not.toContain("hunter2");
});

test("an answer that is no list is told in a sentence, and no redirect gets the token", async () => {
  await using directory = await temporaryDirectory();
  const heard: (string | null)[] = [];
  const elsewhere = serve({ "/adapters": [] }, heard);
  const answers: [Response | object, RegExp][] = [
    [new Response(null, { status: 401 }), /^http.*\/adapters answered 401, give it a token: --header /],
    [new Response("no", { status: 503 }), /^http.*\/adapters answered 503\.\n$/],
    [new Response("<html>", htmlOk), /^http.*\/adapters answered 200, but not with JSON\.\n$/],
    [Response.redirect(`${elsewhere}/adapters`), /^http.*\/adapters answered 302\.\n$/],
    [{ adapters: [] }, /^http.*\/adapters answered something else than a list\.\n$/],
    [new Response("[{", { headers: { "content-type": "application/json" } }), /something else than a list\.\n$/],
  ];
  for (const [answer, why] of answers) {
    const ran = await run("export", serve({ "/adapters": answer }), `${directory.path}/file`, "--header", "a: b");
    expect([ran.code, ran.out]).toEqual([1, []]);
    expect(ran.err).toMatch(why);
  }
  expect(heard).toEqual([]);
  const nobody = await run("export", "http://127.0.0.1:1", `${directory.path}/file`);
  expect([nobody.code, nobody.err]).toEqual([
    1,
    expect.stringMatching(/^http:\/\/127\.0\.0\.1:1\/adapters does not answer: /),
  ]);
});

test("a token goes over TLS only, or to this machine", async () => {
  const inClear = await run("export", "http://gateway.example.com", "/nowhere/file");
  expect([inClear.code, inClear.err]).toEqual([1, "FROM must begin with https:// unless it is on this machine.\n"]);
  const inUrl = await run("export", "https://me:word@gateway.example.com", "/nowhere/file");
  expect(inUrl.err).toBe("FROM takes its token by --header, not in its URL.\n");
  const noHeader = await run("export", "https://gateway.example.com", "/nowhere/file", "--header", "t0ken");
  expect(noHeader.err).toBe('A header is a name, a colon and a value, such as "authorization: Bearer …".\n');
});
