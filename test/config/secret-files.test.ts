import { expect, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { keysProblem, readConfig } from "../../gateway/config.ts";
import { temporaryDirectory } from "../support/process.ts";

const [a, b] = ["a".repeat(32), "b".repeat(40)];
/** Settings of a gateway that has these files and no others. */
const read = (environment: Record<string, string>, files: Record<string, string> = {}) =>
  readConfig(environment, (path) => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no such file, ${a}`), { code: "ENOENT" });
    return text;
  });
const problems = (...args: Parameters<typeof read>) => {
  const result = read(...args);
  return result.state === "invalid" ? result.problems : [];
};

test.each([`${a}\n${b}\n`, `${a},${b}`, ` ${a} ,\r\n\r\n${b}\r\n`])(
  "keys come from a file, however it is written",
  (text) => {
    const result = read({ GATEWAY_KEYS_FILE: "/keys" }, { "/keys": text });
    expect(result).toMatchObject({ config: { gatewayKeys: { kind: "watched", file: "/keys", keys: [a, b] } } });
  },
);

test("the store's address comes from a file, without the line break at its end", () => {
  expect(read({ STORE_URL_FILE: "/url" }, { "/url": "pglite:/data\n" })).toMatchObject({
    config: { dataDirectory: "/data" },
  });
});

test("a setting and its file together are refused, under either name of the setting", () => {
  const files = { "/url": "pglite:/data", "/keys": a };
  expect(problems({ STORE_URL: "pglite:./x", STORE_URL_FILE: "/url" }, files)).toEqual([
    "STORE_URL_FILE: set either this or STORE_URL, not both",
  ]);
  expect(problems({ GatewaySettings__Secret: b, GATEWAY_KEYS_FILE: "/keys" }, files)).toEqual([
    "GATEWAY_KEYS_FILE: set either this or GATEWAY_KEYS, not both",
  ]);
});

test("what is wrong in a file is said by the name of the file's setting, beside all else, and never with its content", () => {
  const environment = { PORT: "eighty", STORE_URL_FILE: "/url", GATEWAY_KEYS_FILE: "/keys" };
  expect(problems(environment, { "/url": "mysql://user:password@host", "/keys": `${a}\nshort` })).toEqual([
    expect.stringContaining("PORT: "),
    'STORE_URL_FILE: must be "pglite:" and a directory, "postgres://…" or "cosmos+https://…", such as "pglite:./.data"',
    "GATEWAY_KEYS_FILE: each key needs 32 characters or more, from a random source",
  ]);
  expect(problems(environment, { "/url": "pglite:x" })).toEqual([
    "GATEWAY_KEYS_FILE: /keys cannot be read (ENOENT)",
    expect.stringContaining("PORT: "),
  ]);
});

test("an empty file is no keys, and too many are refused", () => {
  const said = (keys: string) => problems({ GATEWAY_KEYS_FILE: "/keys" }, { "/keys": keys });
  expect(said("\n")).toEqual(["GATEWAY_KEYS_FILE: there is no key in it"]);
  expect(said(`${a}\n`.repeat(33))).toEqual(["GATEWAY_KEYS_FILE: these are more than 32 keys"]);
});

test("keys may be missing only where there is a directory to keep them in", () => {
  expect(keysProblem({ STORE_URL: "pglite:/data", GATEWAY_KEYS: undefined })).toBeUndefined();
  expect(keysProblem({ STORE_URL: "postgres://host/db", GATEWAY_KEYS: [a] })).toBeUndefined();
  expect(keysProblem({ STORE_URL: "postgres://host/db", GATEWAY_KEYS: undefined })).toStartWith("GATEWAY_KEYS: needed");
});

test("a folder, and a file that is too large, are told in words", async () => {
  await using directory = await temporaryDirectory();
  const [folder, large] = [join(directory.path, "folder"), join(directory.path, "large")];
  await mkdir(folder);
  await writeFile(large, Buffer.alloc(65_537, "k"));
  const said = (file: string) => {
    const result = readConfig({ GATEWAY_KEYS_FILE: file });
    return result.state === "invalid" && result.problems;
  };
  expect(said(folder)).toEqual([`GATEWAY_KEYS_FILE: ${folder} is no file`]);
  expect(said(large)).toEqual([`GATEWAY_KEYS_FILE: ${large} has more than 65536 bytes`]);
});
