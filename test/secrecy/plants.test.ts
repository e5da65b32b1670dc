import { expect, test } from "bun:test";
import { plants } from "./plants.ts";

test("a planted value is found in whatever form it is in", () => {
  const all = plants();
  const secret = all.keep("a token", 'pa"ss/wörd+ of some length');
  const forms = [
    `x ${secret} y`,
    JSON.stringify({ secret }),
    encodeURIComponent(`x${secret}y`),
    Buffer.from(secret).toString("hex"),
    ...["", "a", "ab", "abc"].flatMap((before) => {
      const around = Buffer.from(`${before}${secret}yz`);
      return [around.toString("base64"), around.toString("base64url")];
    }),
    [...Buffer.from(secret)].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`).join(""),
  ];
  for (const form of forms) expect([form, all.foundIn(form)]).toEqual([form, ["a token"]]);
  expect(all.foundIn(Buffer.from(secret))).toEqual(["a token"]);
  expect(all.foundIn("nothing of that")).toEqual([]);
});
