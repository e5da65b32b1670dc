import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";
import { run } from "./examine.ts";
import { goodToken, startGuardedServer } from "./guarded-server.ts";
import { startMcpServer } from "./mcp-server.ts";

describe("the command line", () => {
  test.each<[string, string[], string]>([
    ["no URL", [], "Say one URL."],
    ["two URLs", ["https://a.example/mcp", "https://b.example/mcp"], "Say one URL."],
    ["no URL at all", ["weather"], "This is no URL."],
    ["another scheme", ["ftp://a.example/mcp"], "URL must begin with https:// or http://."],
    ["a password", ["https://user:secret@a.example/mcp"], "URL takes no password: use --token or --header."],
    [
      "a token that others on the way could read",
      ["http://a.example/mcp", "--token", "token.txt"],
      "--token and --header go over https:// only, unless URL is on this machine.",
    ],
    [
      "an origin with a path",
      ["https://a.example/mcp", "--origin", "https://b.example/"],
      "--origin is an origin, such as https://portal.example.com.",
    ],
    ["an option that there is not", ["https://a.example/mcp", "--fix"], "Unknown option '--fix'."],
    [
      "a token that is not there",
      ["https://a.example/mcp", "--token", "none.txt"],
      "The token cannot be read from none.txt.",
    ],
    [
      "a token of two words",
      ["https://a.example/mcp", "--token", "two.txt"],
      "There is no token: it is one word of letters, digits and -._~+/=.",
    ],
    [
      "a header without a colon",
      ["https://a.example/mcp", "--header", "x-api-key 12345678"],
      'A header is a name, a colon and a value, such as "x-api-key: …".',
    ],
    [
      "headers that are not there",
      ["https://a.example/mcp", "--header", "@none.txt"],
      "The file of headers none.txt cannot be read.",
    ],
    ["no certificate", ["https://a.example/mcp", "--cacert", "two.txt"], "There is no certificate in two.txt."],
  ])("%s is wrong usage", async (_what, args, complaint) => {
    const { code, out, complaint: said } = await run(args, { files: { "two.txt": "secret words" } });
    expect([code, out]).toEqual([2, ""]);
    expect(said).toStartWith(complaint);
    expect(said).not.toContain("secret");
    expect(said).not.toContain("12345678");
  });

  test("--help tells what there is", async () => {
    const { code, out } = await run(["--help"]);
    expect(code).toBe(0);
    for (const option of ["--token", "--header", "--origin", "--cacert", "--json"]) expect(out).toContain(option);
  });
});

describe("what is printed", () => {
  test("each step is a line, and where something is wrong, what was expected, what came and what to do", async () => {
    await using server = startMcpServer((request) =>
      request.method === "GET" ? new Response("Not found", { status: 404 }) : undefined,
    );
    const { code, out } = await run([server.url]);
    expect(code).toBe(1);
    const lines = out.replaceAll(/\d+ ms/g, "N ms").split("\n");
    expect(lines[0]).toBe(`✓ URL: ${server.url} (N ms)`);
    expect(lines).toContain("– TLS: not looked at. The URL is http.");
    const at = lines.indexOf("✗ GET stream: get-404 (N ms)");
    expect(lines.slice(at + 1, at + 4)).toEqual([
      "    expected  An event stream whose headers come at once, and that stays open; or 405 where there is none",
      '    came      HTTP 404 (text/plain) after N ms: "Not found".',
      "    to do     Answer GET with an event stream, or with 405 if there is none: 404 tells a client that its session is over. Let the proxy pass GET.",
    ]);
    expect(lines.at(-1)).toBe("✗ 29 steps: 1 failed (get-404), 19 ok, 9 skipped.");
  });

  test("warnings alone are no failure", async () => {
    await using server = startMcpServer(undefined, { checksOrigin: false });
    const { code, out } = await run([server.url]);
    expect(code).toBe(0);
    expect(out).toEndWith("! 29 steps: 1 warning (origin-unchecked), 19 ok, 9 skipped.");
  });

  test("what a server says cannot rule the terminal", async () => {
    await using server = startMcpServer((_request, body) =>
      body.includes("initialize") ? new Response("\u001b[2J\u0007 gone", { status: 400 }) : undefined,
    );
    expect((await run([server.url])).out).toContain('"?[2J? gone"');
  });
});

describe("secrets", () => {
  const token = `eyJhbGciOiJub25lIn0.${"c3VwZXItc2VjcmV0".repeat(30)}.${"a2V5LW9mLXRoZS1raW5n".repeat(20)}`;
  const parts = [token, ...token.split(".")];

  test("a server that repeats token and headers cannot make them shown, and no other server sees them", async () => {
    await using elsewhere = startMcpServer();
    await using server = startMcpServer(
      (request) => {
        const given = `${request.headers.get("authorization")} and ${request.headers.get("x-api-key")}`;
        const isDocument = new URL(request.url).pathname.startsWith("/.well-known/");
        const challenge = `Bearer realm="${given}", resource_metadata="${elsewhere.origin}/metadata"`;
        return new Response(isDocument ? given : `You sent ${given}`, {
          status: 401,
          headers: { "www-authenticate": challenge, "x-echo": given },
        });
      },
      { checksOrigin: false },
    );
    const files = {
      "token.txt": `Bearer ${token}\n`,
      "headers.txt": "x-api-key: open-sesame-1234\n\nx-other: thing\n",
    };
    for (const json of [[], ["--json"]]) {
      const { code, out } = await run([server.url, "--token", "token.txt", "--header", "@headers.txt", ...json], {
        files,
      });
      expect(code).toBe(1);
      expect(out).toContain("[hidden]");
      for (const part of [...parts, "open-sesame-1234"]) expect(out.includes(part)).toBe(false);
      // Nor the beginning of one that was cut off.
      expect(out).not.toMatch(/c3VwZXItc2VjcmV0|a2V5LW9mLXRoZS1raW5n/);
    }
    expect(server.heard.some(({ headers }) => headers.get("x-other") === "thing")).toBe(true);
    expect(elsewhere.heard.length).toBeGreaterThan(0);
    expect(JSON.stringify(elsewhere.heard.map(({ headers }) => headers.toJSON()))).not.toMatch(/c3VwZXI|sesame/);
  });

  test("the token goes with what is asked as the caller, and not with what is asked as a stranger", async () => {
    await using server = await startGuardedServer();
    await run([server.url, "--token", "token.txt"], { files: { "token.txt": goodToken } });
    const [first] = server.heard;
    expect(first?.headers.get("authorization")).toBeNull();
    const documents = server.heard.filter(({ url }) => url.includes("/.well-known/"));
    expect(documents.length).toBeGreaterThan(0);
    expect(documents.every(({ headers }) => headers.get("authorization") === null)).toBe(true);
    const inSession = server.heard.filter(({ headers }) => headers.has("mcp-session-id"));
    expect(inSession.length).toBeGreaterThan(5);
    expect(inSession.every(({ headers }) => headers.get("authorization") === `Bearer ${goodToken}`)).toBe(true);
  });
});

describe("as a process", () => {
  const program = fileURLToPath(new URL("../../gateway/doctor-main.ts", import.meta.url));
  const { PATH = "", HOME = "" } = process.env;
  const start = (args: string[], stdin: string) =>
    Bun.spawn([process.execPath, program, ...args], {
      env: { PATH, HOME },
      stdin: new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });

  test("it reads a token from standard input, and headers from a file", async () => {
    await using server = await startGuardedServer();
    await using directory = await temporaryDirectory();
    await Bun.write(`${directory.path}/headers`, "x-other: thing\n");
    const child = start([server.url, "--token", "-", "--header", `@${directory.path}/headers`], goodToken);
    const out = await child.stdout.text();
    expect([await child.exited, await child.stderr.text()]).toEqual([0, ""]);
    expect(out).toContain("✓ Tools: 1 tool");
    expect(server.heard.some(({ headers }) => headers.get("x-other") === "thing")).toBe(true);
  }, 20_000);

  test("broken off, it ends the session that it has opened", async () => {
    await using server = startMcpServer();
    const child = start([server.url], "");
    await until("it watches the stream", () => server.heard.some(({ method }) => method === "GET"));
    expect(server.sessions()).toBe(1);
    child.kill("SIGINT");
    expect(await child.exited).toBe(1);
    expect(server.sessions()).toBe(0);
    expect(await child.stdout.text()).toContain("✗ GET stream: time-over");
  }, 20_000);
});
