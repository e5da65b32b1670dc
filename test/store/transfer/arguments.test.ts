import { expect, test } from "bun:test";
import { progressOn } from "../../../gateway/store/transfer/progress.ts";
import { run } from "./program.ts";

test("--help tells the whole use, and succeeds", async () => {
  const { code, out, err } = await run("--help");
  expect([code, err]).toEqual([0, ""]);
  for (const word of ["export FROM FILE", "import FILE TO", "copy FROM TO", "--dry-run", "--without-secrets"]) {
    expect(out.join("\n")).toContain(word);
  }
  expect((await run("export", "-h")).code).toBe(0);
});

test("wrong usage is exit code 2 and one line", async () => {
  const wrong: [string[], string][] = [
    [[], "Say what to do: export, import or copy."],
    [["move", "a", "b"], 'There is no "move": it is export, import or copy.'],
    [["export", "pglite:./a"], '"export" takes two arguments: FROM FILE.'],
    [["copy", "pglite:a", "pglite:b", "pglite:c"], '"copy" takes two arguments: FROM TO.'],
    [["copy", "pglite:a", "pglite:a"], "From and to are the same."],
    [["export", "./a", "./b"], '"./a" is no URL of a store.'],
    [["export", "pglite:a", "pglite:b"], "export writes a file; copy moves from one store to another."],
    [["import", "pglite:a", "pglite:b"], "import reads a file; copy moves from one store to another."],
    [["import", "./a", "./b"], '"./b" is no URL of a store.'],
    [["copy", "pglite:a", "https://gateway.example.com"], "TO must be a store of this gateway."],
    [["export", "pglite:a", "./b", "--skip-existing"], "--skip-existing is for import and copy."],
    [["export", "pglite:a", "./b", "--header", "a: b"], "--header is for FROM with https://…"],
  ];
  for (const [given, why] of wrong) {
    expect(await run(...given)).toEqual({ code: 2, out: [], err: `${why} --help tells more.\n` });
  }
  const unknown = await run("export", "pglite:a", "b", "--force");
  expect([unknown.code, unknown.err]).toEqual([2, expect.stringMatching(/^Unknown option '--force'/)]);
});

test("a terminal gets a bar that is drawn over, from its beginning to its end", () => {
  const drawn: string[] = [];
  let nowMs = 0;
  const { progress, end } = progressOn({ isTTY: true, write: (text) => drawn.push(text) }, () => nowMs);
  progress("Writing records", 0, 4);
  progress("Writing records", 1, 4);
  nowMs = 60;
  progress("Writing records", 2, 4);
  progress("Writing records", 4, 4);
  progress("Writing the audit trail", 500);
  progress("Writing the audit trail", 700);
  end();
  end();
  const line = (text: string) => `\r${text}\u001b[K`;
  const [none, half, full] = ["", "#".repeat(15), "#".repeat(30)].map((bar) => bar.padEnd(30));
  expect(drawn).toEqual([
    line(`Writing records [${none}] 0/4`),
    line(`Writing records [${half}] 2/4`),
    line(`Writing records [${full}] 4/4`),
    line(`Writing records [${full}] 4/4`),
    "\n",
    line("Writing the audit trail 500"),
    line("Writing the audit trail 700"),
    "\n",
  ]);
});
