import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as api from "../../openapi/client/index.ts";
import { type GatewayProcess, startGatewayProcess, temporaryDirectory } from "../support/process.ts";
import { until } from "../support/until.ts";

const stack = new AsyncDisposableStack();
let gateway: GatewayProcess;

const printEnvironment = `
  console.log(JSON.stringify(process.env));
  Bun.serve({ port: process.env.PORT, hostname: process.env.HOST, fetch: () => new Response() });
`;

beforeAll(async () => {
  const { path } = stack.use(await temporaryDirectory());
  await writeFile(join(path, "images.json"), JSON.stringify({ printer: { command: ["bun", "-e", printEnvironment] } }));
  await mkdir(join(path, "secrets", "github"), { recursive: true });
  await writeFile(join(path, "secrets", "github", "token"), "from a file\n");
  gateway = stack.use(
    await startGatewayProcess(join(path, "data"), {
      IMAGE_CATALOGUE: join(path, "images.json"),
      SECRETS_DIRECTORY: join(path, "secrets"),
      SECRET_DATABASE_PASSWORD: "from a variable",
      PASSWORD: "of the gateway",
    }),
  );
});
afterAll(() => stack.disposeAsync());

const body = (name: string, environmentVariables: NonNullable<api.AdapterData["environmentVariables"]>) => ({
  name,
  imageName: "printer",
  imageVersion: "1",
  environmentVariables,
});

/** What the replica of the latest settings sees. */
const seenBy = (name: string, holds: (seen: Record<string, string>) => boolean) =>
  until(`${name} sees it`, async () => {
    const { data } = await api.getAdapterLogs({ client: gateway.as(), path: { name }, query: { tail: 1 } });
    if (!data?.startsWith("{")) return undefined;
    const seen = JSON.parse(data) as Record<string, string>;
    return holds(seen) && seen;
  });

test("a replica gets secrets by reference, from files and from variables, and nobody sees their values", async () => {
  const references = {
    TOKEN: { secretRef: { name: "github", key: "token" } },
    PASSWORD: { secretRef: { name: "database-password" } },
  };
  const { data } = await api.createAdapter({ client: gateway.as(), body: body("references", references) });
  expect(data?.environmentVariables).toEqual(references);
  const seen = await seenBy("references", () => true);
  expect(seen).toMatchObject({ TOKEN: "from a file", PASSWORD: "from a variable" });
});

test("a secret value is written once, kept when it comes back without, and never shown or logged", async () => {
  const value = "do not tell";
  const client = gateway.as();
  const created = await api.createAdapter({ client, body: body("kept", { KEY: { secret: true, value }, A: "1" }) });
  expect(created.data?.environmentVariables).toEqual({ KEY: { secret: true }, A: "1" });
  expect(await seenBy("kept", ({ A }) => A === "1")).toMatchObject({ KEY: value });

  const read = await api.getAdapter({ client, path: { name: "kept" } });
  const shown = read.data?.environmentVariables ?? {};
  const updated = await api.updateAdapter({ client, path: { name: "kept" }, body: body("kept", { ...shown, A: "2" }) });
  expect(updated.data?.environmentVariables).toEqual({ KEY: { secret: true }, A: "2" });
  expect(await seenBy("kept", ({ A }) => A === "2")).toMatchObject({ KEY: value });

  const listed = await api.listAdapters({ client });
  expect(JSON.stringify([created.data, read.data, updated.data, listed.data])).not.toContain(value);
  expect(gateway.log()).not.toContain(value);
});

test("a secret that has no value to keep is refused by the field's name", async () => {
  const refused = await api.createAdapter({ client: gateway.as(), body: body("empty", { KEY: { secret: true } }) });
  expect(refused.error).toMatchObject({
    status: 400,
    detail: "environmentVariables.KEY: There is no secret value to keep; send one.",
  });
});

test.each([
  ["a secret that is not there", { secretRef: { name: "missing" } }, 422, "SECRET_MISSING"],
  ["a variable of the gateway that is no secret", { secretRef: { name: "password" } }, 422, "SECRET_PASSWORD"],
  ["a path in place of a name", { secretRef: { name: "../data" } }, 400, "environmentVariables.X"],
  ["a path in place of a key", { secretRef: { name: "github", key: ".." } }, 400, "environmentVariables.X"],
])("%s is refused", async (_name, variable, status, detail) => {
  const refused = await api.createAdapter({ client: gateway.as(), body: body("refused", { X: variable }) });
  expect(refused.error?.status).toBe(status);
  expect(refused.error?.detail).toContain(detail);
});
