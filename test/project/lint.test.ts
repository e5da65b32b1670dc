import { expect, test } from "bun:test";
import { lint } from "./lint.ts";

test("the linter finds a promise that nobody waits for, also one of a function in another file", async () => {
  const files = {
    "gateway/save.ts": "export async function save() {\n  await Bun.write('a', 'b');\n}\n",
    "gateway/serve.ts": 'import { save } from "./save.ts";\nexport function serve() {\n  save();\n}\n',
    "gateway/careful.ts": 'import { save } from "./save.ts";\nexport async function careful() {\n  await save();\n}\n',
    "gateway/store/store.ts": "export interface Store {\n  purge(name: string): Promise<void>;\n}\n",
    "gateway/store/sweep.ts":
      'import type { Store } from "./store.ts";\nexport const sweep = (store: Store) => {\n  store.purge("a");\n};\n',
  };
  expect(await lint(files)).toEqual([
    "gateway/serve.ts:3 noFloatingPromises",
    "gateway/store/sweep.ts:3 noFloatingPromises",
  ]);
});

test("the linter finds a promise of Node or Bun that nobody waits for", async () => {
  const careful = 'import { rm } from "node:fs/promises";\nexport async function go() {\n  await rm("a");\n}\n';
  const files = { "gateway/careful.ts": careful, "gateway/go.ts": careful.replace("await ", "") };
  expect(await lint(files)).toEqual(["gateway/go.ts:3 plugin"]);
  expect(await lint({ "gateway/nap.ts": "Bun.sleep(5);\n" })).toEqual(["gateway/nap.ts:1 plugin"]);
});

test("the linter finds an import cycle, also one of types only", async () => {
  const files = {
    "gateway/hen.ts": 'import type { Egg } from "./egg.ts";\nexport type Hen = { lays: Egg };\n',
    "gateway/egg.ts": 'import type { Hen } from "./hen.ts";\nexport type Egg = { becomes: Hen };\n',
  };
  expect(await lint(files)).toEqual(["gateway/egg.ts:1 noImportCycles", "gateway/hen.ts:1 noImportCycles"]);
});

test("the linter finds unused code, `any`, a skipped test and a setting read outside config.ts", async () => {
  const files = {
    "gateway/serve.ts": 'import { join } from "node:path";\nexport const port = process.env["PORT"];\n',
    "gateway/config.ts": 'export const port = process.env["PORT"];\n',
    "gateway/any.ts": "export const thing: any = 1;\n",
    "test/some.test.ts": 'import { test } from "bun:test";\ntest.skip("later", () => {});\n',
  };
  expect(await lint(files)).toEqual([
    "gateway/any.ts:1 noExplicitAny",
    "gateway/serve.ts:1 noUnusedImports",
    "gateway/serve.ts:2 noProcessEnv",
    "test/some.test.ts:2 noSkippedTests",
  ]);
});
