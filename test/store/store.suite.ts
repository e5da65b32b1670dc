import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { CallEntry, Change, Kind, Resource, RestorableStore } from "../../gateway/store/store.ts";
import type { AuditQuery } from "../../openapi/audit.ts";
import { until } from "../support/until.ts";
import { adapterBody, author, bodies, call, serverBody, toolBody, written } from "./records.ts";

export type OpenStore = AsyncDisposable & {
  readonly store: RestorableStore;
  /** What was noted of this name, oldest first. */
  auditOf(
    kind: Kind,
    name: string,
  ): Promise<{ action: string; actor: string; requestId: string; revision: number | null }[]>;
};

/** The promises that every store keeps. It is opened once; each test uses names of its own. */
export function storeSuite(name: string, open: () => Promise<OpenStore>): void {
  describe(name, () => {
    let opened: OpenStore;
    let store: RestorableStore;
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened[Symbol.asyncDispose]());

    const create = async (id: string) => written(await store.create("adapter", id, adapterBody(id), author));
    const actions = async (id: string) => (await opened.auditOf("adapter", id)).map((row) => row.action);

    test("what is created can be read back, at revision 1", async () => {
      const created = await create("created");
      expect(created).toEqual({
        kind: "adapter",
        name: "created",
        uid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
        revision: 1,
        deleting: false,
        body: adapterBody("created"),
      });
      expect(await store.get("adapter", "created")).toEqual(created);
    });

    test("a name that is not there reads as undefined", async () => {
      expect(await store.get("adapter", "nobody")).toBeUndefined();
    });

    test("a body comes back as it went in: unicode, nesting, quotes, odd keys", async () => {
      const body = adapterBody("body", {
        description: 'Wetter für "São Paulo" 天気 🦊 \\ \n {"not": "parsed"}',
        environmentVariables: { EMPTY: "", JSON: '{"a":[1,{"b":null}]}', ["__proto__"]: "kept", constructor: "kept" },
        requiredRoles: ["b", "a", "b"],
        replicaCount: 0,
        managedBy: "kubernetes",
        owner: "kubernetes",
      });
      await store.create("adapter", "body", body, author);
      expect((await store.get("adapter", "body"))?.body).toEqual(body);
      expect((await store.list("adapter")).find((resource) => resource.name === "body")?.body).toEqual(body);
    });

    test("of 50 that create one name at once, one is written and 49 hear that it exists", async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, racer) =>
          store.create("adapter", "raced", adapterBody("raced", { description: `racer ${racer}` }), author),
        ),
      );
      const exist = answers.filter((answer) => answer.state === "exists");
      expect(exist).toEqual(Array(49).fill({ state: "exists", kind: "adapter", deleting: false }));
      const winner = written(answers.find((answer) => answer.state === "written") ?? { state: "nobody won" });
      expect(await store.get("adapter", "raced")).toEqual(winner);
      expect(await actions("raced")).toEqual(["create"]);
    });

    test("an update names the revision it read, and counts it up", async () => {
      const { uid } = await create("updated");
      const body = adapterBody("updated", { replicaCount: 3 });
      const updated = written(await store.update("adapter", "updated", 1, body, author));
      expect(updated).toEqual({ kind: "adapter", name: "updated", uid, revision: 2, deleting: false, body });
      expect(await store.get("adapter", "updated")).toEqual(updated);
    });

    test("an update of another revision changes nothing and hears the stored one", async () => {
      await create("stale");
      await store.update("adapter", "stale", 1, adapterBody("stale", { replicaCount: 2 }), author);
      for (const revision of [1, 3]) {
        const late = await store.update("adapter", "stale", revision, adapterBody("stale"), author);
        expect(late).toEqual({ state: "stale", revision: 2 });
        expect(await store.markDeleting("adapter", "stale", revision, author)).toEqual({ state: "stale", revision: 2 });
      }
      expect((await store.get("adapter", "stale"))?.body.replicaCount).toBe(2);
      expect(await actions("stale")).toEqual(["create", "update"]);
    });

    test("of 20 that update one revision at once, one is written and 19 are stale", async () => {
      await create("contended");
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => store.update("adapter", "contended", 1, adapterBody("contended"), author)),
      );
      const stale = answers.filter((answer) => answer.state === "stale");
      expect(stale).toEqual(Array(19).fill({ state: "stale", revision: 2 }));
      expect((await store.get("adapter", "contended"))?.revision).toBe(2);
    });

    test("what is not there can be neither updated nor deleted", async () => {
      expect(await store.update("adapter", "missing", 1, adapterBody("missing"), author)).toEqual({ state: "absent" });
      expect(await store.markDeleting("adapter", "missing", 1, author)).toEqual({ state: "absent" });
      expect(await store.get("adapter", "missing")).toBeUndefined();
    });

    test("a list is in order of code points, whatever the locale", async () => {
      const inOrder = ["list-", "list--", "list-1", "list-10", "list-2", "list-B", "list-a", "list-aa", "list-b"];
      const beyondAscii = ["list-é", "list-｡", "list-🦊"];
      for (const id of [...inOrder, ...beyondAscii].reverse()) await create(id);
      const names = (await store.list("adapter")).map((resource) => resource.name);
      expect(names.filter((id) => id.startsWith("list-"))).toEqual([...inOrder, ...beyondAscii]);
    });

    test("pages follow each other in order, without a gap or a repetition, though records come and go", async () => {
      const stays = ["page-B", "page-a", "page-c", "page-e", "page-g", "page-é"];
      for (const id of [...stays, "page-d"]) await create(id);
      const seen: string[] = [];
      for (let after: string | undefined = "page-"; after !== undefined;) {
        const page: Resource[] = await store.list("adapter", { after, limit: 2 });
        expect(page.length).toBeLessThanOrEqual(2);
        seen.push(...page.map(({ name: id }) => id));
        after = page.at(-1)?.name;
        if (seen.length !== 2) continue;
        // Before and after the place reached.
        await create("page-A");
        await create("page-f");
        const { uid } = written(await store.markDeleting("adapter", "page-d", 1, author));
        await store.purge("adapter", "page-d", uid);
        await store.update("adapter", "page-a", 1, adapterBody("page-a"), author);
      }
      expect(seen.filter((id) => id.startsWith("page-"))).toEqual([
        "page-B",
        "page-a",
        "page-c",
        "page-e",
        "page-f",
        "page-g",
        "page-é",
      ]);
      expect(await store.list("adapter", { after: undefined, limit: 1 })).toHaveLength(1);
      expect(await store.list("server", { after: "page-", limit: 2 })).toEqual([]);
    });

    test("what is being deleted can be read and listed, but not changed or created", async () => {
      const created = await create("leaving");
      const marked = written(await store.markDeleting("adapter", "leaving", 1, author));
      expect(marked).toEqual({ ...created, revision: 2, deleting: true });
      expect(await store.get("adapter", "leaving")).toEqual(marked);
      expect(await store.list("adapter")).toContainEqual(marked);
      expect(await store.update("adapter", "leaving", 2, adapterBody("leaving"), author)).toEqual({ state: "absent" });
      expect(await store.markDeleting("adapter", "leaving", 2, author)).toEqual({ state: "absent" });
      const again = await store.create("adapter", "leaving", adapterBody("leaving"), author);
      expect(again).toEqual({ state: "exists", kind: "adapter", deleting: true });
    });

    test.each(Object.keys(bodies) as Kind[])(
      "a resource of kind %s is created, changed, listed, deleted and noted",
      walk,
    );
    async function walk<K extends Kind>(kind: K): Promise<void> {
      const id = `walked-${kind}`;
      const created = written(await store.create(kind, id, bodies[kind](id), author));
      expect(created).toMatchObject({ kind, name: id, revision: 1, deleting: false, body: bodies[kind](id) });
      const body = { ...bodies[kind](id), description: "changed" };
      const updated = written(await store.update(kind, id, 1, body, author));
      expect(await store.get(kind, id)).toEqual({ ...created, revision: 2, body });
      expect(await store.list(kind)).toContainEqual(updated);
      for (const other of (Object.keys(bodies) as Kind[]).filter((other) => other !== kind)) {
        expect(await store.get(other, id)).toBeUndefined();
        expect((await store.list(other)).map(({ name }) => name)).not.toContain(id);
        expect(await store.markDeleting(other, id, 2, author)).toEqual({ state: "absent" });
      }
      expect(written(await store.markDeleting(kind, id, 2, author)).deleting).toBe(true);
      await store.purge(kind, id, created.uid);
      expect(await store.get(kind, id)).toBeUndefined();
      expect((await opened.auditOf(kind, id)).map(({ action }) => action)).toEqual(["create", "update", "delete"]);
    }

    test("adapters and tools share their names, and who is refused hears which of them has it", async () => {
      const adapter = await create("shared-a");
      const tool = written(await store.create("tool", "shared-t", toolBody("shared-t"), author));
      const asTool = () => store.create("tool", "shared-a", toolBody("shared-a"), author);
      expect(await asTool()).toEqual({ state: "exists", kind: "adapter", deleting: false });
      expect(await store.create("adapter", "shared-t", adapterBody("shared-t"), author)).toEqual({
        state: "exists",
        kind: "tool",
        deleting: false,
      });
      expect(await store.get("tool", "shared-a")).toBeUndefined();
      expect(await store.get("tool", "shared-t")).toEqual(tool);

      await store.markDeleting("adapter", "shared-a", 1, author);
      expect(await asTool()).toEqual({ state: "exists", kind: "adapter", deleting: true });
      await store.purge("tool", "shared-a", adapter.uid);
      expect(await asTool()).toEqual({ state: "exists", kind: "adapter", deleting: true });
      await store.purge("adapter", "shared-a", adapter.uid);
      expect(written(await asTool())).toMatchObject({ kind: "tool", name: "shared-a", revision: 1 });
    });

    test("of 20 that create adapters and tools of one name at once, one is written and all others hear its kind", async () => {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => [
          store.create("tool", "mixed", toolBody("mixed"), author),
          store.create("adapter", "mixed", adapterBody("mixed"), author),
        ]).flat(),
      );
      const winners = answers.flatMap((answer) => (answer.state === "written" ? [answer.resource] : []));
      expect(winners).toHaveLength(1);
      const { kind } = winners[0] ?? { kind: "nobody" };
      const others = answers.filter(({ state }) => state === "exists");
      expect(others).toEqual(Array(19).fill({ state: "exists", kind, deleting: false }));
      const there = [await store.get("adapter", "mixed"), await store.get("tool", "mixed")];
      expect(there.filter((resource) => resource !== undefined)).toEqual(winners);
      const noted = [...(await opened.auditOf("adapter", "mixed")), ...(await opened.auditOf("tool", "mixed"))];
      expect(noted.map(({ action }) => action)).toEqual(["create"]);
    });

    test("virtual servers have names of their own", async () => {
      const adapter = await create("own");
      const server = written(await store.create("server", "own", serverBody("own"), author));
      expect(await store.get("adapter", "own")).toEqual(adapter);
      expect(await store.get("server", "own")).toEqual(server);
      const again = await store.create("server", "own", serverBody("own"), author);
      expect(again).toEqual({ state: "exists", kind: "server", deleting: false });
    });

    test("only what is being deleted is purged, and only the one with that uid", async () => {
      const { uid } = await create("purged");
      await store.purge("adapter", "purged", uid);
      expect((await store.get("adapter", "purged"))?.uid).toBe(uid);
      await store.markDeleting("adapter", "purged", 1, author);
      await store.purge("adapter", "purged", "00000000-0000-4000-8000-000000000000");
      expect((await store.get("adapter", "purged"))?.uid).toBe(uid);
      await store.purge("adapter", "purged", uid);
      expect(await store.get("adapter", "purged")).toBeUndefined();
      await store.purge("adapter", "purged", uid);
    });

    test("a name recreated after its purge has a new uid, starts at revision 1, and keeps its history", async () => {
      const first = await create("phoenix");
      await store.markDeleting("adapter", "phoenix", 1, author);
      await store.purge("adapter", "phoenix", first.uid);
      const second = await create("phoenix");
      expect(second.uid).not.toBe(first.uid);
      expect(second.revision).toBe(1);
      expect(await actions("phoenix")).toEqual(["create", "delete", "create"]);
    });

    test("each write is noted: who, what, which revision, by which request", async () => {
      await store.create("adapter", "audited", adapterBody("audited"), { id: "ada", requestId: "r-1" });
      await store.update("adapter", "audited", 1, adapterBody("audited"), { id: "ben", requestId: "r-2" });
      await store.markDeleting("adapter", "audited", 2, { id: "cleo", requestId: "r-3" });
      expect(await opened.auditOf("adapter", "audited")).toMatchObject([
        { action: "create", actor: "ada", requestId: "r-1", revision: 1 },
        { action: "update", actor: "ben", requestId: "r-2", revision: 2 },
        { action: "delete", actor: "cleo", requestId: "r-3", revision: 3 },
      ]);
    });

    test("every write is told to every subscriber, who then reads what was written", async () => {
      const revisions: (number | undefined)[] = [];
      const names: string[] = [];
      const stop = await store.subscribe((change) => {
        if (change.type !== "changed" || change.name !== "told") return;
        void store.get(change.kind, change.name).then((resource) => revisions.push(resource?.revision));
      });
      const stopOther = await store.subscribe((change) => change.type === "changed" && names.push(change.name));
      const { uid } = await create("told");
      await until("the creation", () => revisions.length === 1);
      await store.update("adapter", "told", 1, adapterBody("told"), author);
      await until("the update", () => revisions.length === 2);
      await store.markDeleting("adapter", "told", 2, author);
      await until("the mark", () => revisions.length === 3);
      await store.purge("adapter", "told", uid);
      await until("the purge", () => revisions.length === 4);
      expect(revisions).toEqual([1, 2, 3, undefined]);
      expect(names.filter((id) => id === "told")).toHaveLength(4);
      await stop();
      await stopOther();
    });

    test("a refused write is told to nobody, and who has stopped listening hears nothing", async () => {
      const { uid } = await create("refused");
      const heard: Change[] = [];
      const heardByStopped: Change[] = [];
      const stop = await store.subscribe((change) => heard.push(change));
      const stopped = await store.subscribe((change) => heardByStopped.push(change));
      await stopped();
      await store.create("adapter", "refused", adapterBody("refused"), author);
      await store.update("adapter", "refused", 7, adapterBody("refused"), author);
      await store.markDeleting("adapter", "refused", 7, author);
      await store.purge("adapter", "refused", uid);
      await create("refused-last");
      await until("the last write", () =>
        heard.some((change) => change.type === "changed" && change.name === "refused-last"),
      );
      const changes = heard.filter((change) => change.type === "changed");
      expect(changes).toEqual([{ type: "changed", kind: "adapter", name: "refused-last" }]);
      expect(heardByStopped).toEqual([]);
      expect(await actions("refused")).toEqual(["create"]);
      await stop();
    });

    test("tool calls come back newest first, with all that was noted of them", async () => {
      const calls = [
        call({ actor: "caller", at: at(1), requestId: "c-1" }),
        call({ actor: "caller", at: at(3), requestId: "c-3", session: null, argumentsHash: null, status: 503 }),
        call({ actor: "caller", at: at(2), requestId: "c-2", arguments: '{"city":"S\u00e3o Paulo","nul":"\\u0000"}' }),
      ];
      await store.recordCalls(calls);
      const { entries, next } = await page({ actor: "caller" });
      expect(next).toBeNull();
      expect(entries.map(({ requestId }) => requestId)).toEqual(["c-3", "c-2", "c-1"]);
      expect(entries[1]).toEqual({
        id: expect.any(String),
        at: "2026-11-01T00:00:02.000Z",
        actor: "caller",
        action: "call",
        kind: "adapter",
        name: "weather",
        uid: "5b0f6c9e-3a51-4c0e-9d6a-0d4f6f3f8b11",
        revision: null,
        requestId: "c-2",
        outcome: "ok",
        tool: "forecast",
        session: "9f86d081884c7d65",
        status: 200,
        durationMs: 42,
        argumentsHash: "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        arguments: '{"city":"S\u00e3o Paulo","nul":"\\u0000"}',
      });
      expect(entries[0]).toMatchObject({ session: null, argumentsHash: null, status: 503, arguments: null });
      await store.recordCalls([]);
    });

    test("a write stands in the trail too, with its revision and without what only a call has", async () => {
      const { uid } = written(
        await store.create("adapter", "trailed", adapterBody("trailed"), { id: "trailer", requestId: "w-1" }),
      );
      const { entries } = await page({ actor: "trailer" });
      expect(entries).toEqual([
        {
          id: expect.any(String),
          at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
          actor: "trailer",
          action: "create",
          kind: "adapter",
          name: "trailed",
          uid,
          revision: 1,
          requestId: "w-1",
          outcome: "ok",
          tool: null,
          session: null,
          status: null,
          durationMs: null,
          argumentsHash: null,
          arguments: null,
        },
      ]);
      expect(Math.abs(Date.parse(entries[0]?.at ?? "") - Date.now())).toBeLessThan(60_000);
    });

    test("each filter leaves what matches, and together they leave what matches all", async () => {
      const byFilter = (requestId: string, more: Partial<CallEntry>) => call({ actor: "f-ann", requestId, ...more });
      await store.recordCalls([
        byFilter("f-0", { at: at(10) }),
        byFilter("f-1", { at: at(11), name: "f-maps" }),
        byFilter("f-2", { at: at(12), tool: "f-draw" }),
        byFilter("f-3", { at: at(13), outcome: "refused" }),
        byFilter("f-4", { at: at(14), actor: "f-bob" }),
        byFilter("f-5", { at: at(15), actor: "f-bob", kind: "tool", name: "f-maps" }),
      ]);
      const ids = async (query: Partial<AuditQuery>) =>
        (await page(query)).entries.map(({ requestId }) => requestId).filter((id) => id.startsWith("f-"));
      expect(await ids({ actor: "f-bob" })).toEqual(["f-5", "f-4"]);
      expect(await ids({ name: "f-maps" })).toEqual(["f-5", "f-1"]);
      expect(await ids({ name: "f-maps", kind: "adapter" })).toEqual(["f-1"]);
      expect(await ids({ kind: "server" })).toEqual([]);
      expect(await ids({ tool: "f-draw" })).toEqual(["f-2"]);
      expect(await ids({ outcome: "refused", actor: "f-ann" })).toEqual(["f-3"]);
      expect(await ids({ action: "call", actor: "f-ann" })).toEqual(["f-3", "f-2", "f-1", "f-0"]);
      expect(await ids({ action: "create", actor: "f-ann" })).toEqual([]);
      expect(await ids({ actor: "f-ann", since: at(11).toISOString(), until: at(13).toISOString() })).toEqual([
        "f-2",
        "f-1",
      ]);
      expect(await ids({ actor: "f-ann", since: "2026-11-01T02:00:12+02:00" })).toEqual(["f-3", "f-2"]);
      expect(await ids({ actor: "f-ann", tool: "forecast", name: "weather", outcome: "ok" })).toEqual(["f-0"]);
    });

    test("pages follow each other without a gap or a repetition, though many are of one time and more come and go", async () => {
      const many = Array.from({ length: 25 }, (_, count) =>
        call({ actor: "pager", requestId: `p-${count}`, at: at(20 + Math.floor(count / 10)) }),
      );
      await store.recordCalls(many);
      const seen: string[] = [];
      let cursor: string | undefined;
      for (let turn = 0; turn < 20; turn++) {
        const { entries, next } = await page({ actor: "pager", limit: 4, cursor });
        seen.push(...entries.map(({ requestId }) => requestId));
        if (next === null) break;
        cursor = next;
        await store.recordCalls([call({ actor: "pager", requestId: `late-${turn}`, at: at(40) })]);
      }
      expect(seen).toEqual(many.map(({ requestId }) => requestId).reverse());
    });

    test("the last page says that it is, though it is full", async () => {
      await store.recordCalls([1, 2, 3, 4].map((count) => call({ actor: "full", at: at(count) })));
      const first = await page({ actor: "full", limit: 2 });
      const second = await page({ actor: "full", limit: 2, cursor: first.next ?? "" });
      expect([first.entries.length, first.next === null]).toEqual([2, false]);
      expect([second.entries.length, second.next === null]).toEqual([2, true]);
    });

    test("a cursor that no page gave is said to be unknown", async () => {
      for (const cursor of ["", "x", "MTIz", "MS4x=", "LTEuMQ", Buffer.from("9".repeat(30)).toString("base64url")]) {
        expect(await store.audit({ limit: 1, cursor })).toEqual({ state: "unknown-cursor" });
      }
    });

    test("of what is too old the oldest go first, no more at once than asked, and nothing younger", async () => {
      const old = [3, 1, 2].map((day) =>
        call({ actor: "old", requestId: `day-${day}`, at: new Date(`2001-01-0${day}T00:00:00Z`) }),
      );
      await store.recordCalls(old);
      const ids = async () => (await page({ actor: "old" })).entries.map(({ requestId }) => requestId);
      const before = new Date("2001-01-03T00:00:00Z");
      expect(await store.purgeAudit(before, 1)).toBe(1);
      expect(await ids()).toEqual(["day-3", "day-2"]);
      expect(await store.purgeAudit(before, 100)).toBe(1);
      expect(await ids()).toEqual(["day-3"]);
      expect(await store.purgeAudit(before, 100)).toBe(0);
    });

    test("of a batch of calls all are kept or none", async () => {
      const broken = call({ actor: "batch", uid: "not a uuid" });
      await expect(store.recordCalls([call({ actor: "batch" }), broken])).rejects.toThrow();
      expect((await page({ actor: "batch" })).entries).toEqual([]);
    });

    test("what is restored is as it was: uid, revision, mark of deletion, body; nothing is noted, everybody is told", async () => {
      const told: string[] = [];
      const stop = await store.subscribe((change) => change.type === "changed" && told.push(change.name));
      const inventory = (Object.keys(bodies) as Kind[]).map((kind, index) =>
        record(kind, `restored-${kind}`, { revision: 7 + index, deleting: kind === "tool" }),
      );
      expect(await store.restore(inventory)).toEqual({ state: "written" });
      for (const was of inventory) expect(await store.get(was.kind, was.name)).toEqual(was);
      await until("all three are told", () => told.filter((id) => id.startsWith("restored-")).length === 3);
      expect(await actions("restored-adapter")).toEqual([]);

      const goesOn = await store.update("adapter", "restored-adapter", 7, adapterBody("restored-adapter"), author);
      expect(written(goesOn).revision).toBe(8);
      expect(await store.restore([])).toEqual({ state: "written" });
      await stop();
    });

    test("of resources to restore none is written when one has a name that is taken, also by the other kind of workload", async () => {
      await create("held");
      const answer = await store.restore([
        record("adapter", "not-held"),
        record("tool", "held"),
        record("adapter", "held"),
        record("server", "held"),
      ]);
      expect(answer).toEqual({
        state: "exists",
        names: [
          { kind: "tool", name: "held" },
          { kind: "adapter", name: "held" },
        ],
      });
      expect(await store.get("adapter", "not-held")).toBeUndefined();
      expect(await store.get("server", "held")).toBeUndefined();
      expect((await store.get("adapter", "held"))?.revision).toBe(1);

      const twins = [record("adapter", "twins"), record("tool", "twins")];
      expect(await store.restore(twins)).toEqual({ state: "exists", names: [{ kind: "tool", name: "twins" }] });
      expect(await store.get("adapter", "twins")).toBeUndefined();
    });

    test("no more is restored at once than the limit", async () => {
      const many = Array.from({ length: 101 }, (_, count) => record("adapter", `over-${count}`));
      await expect(store.restore(many)).rejects.toThrow("More than 100 resources");
      expect(await store.get("adapter", "over-0")).toBeUndefined();
      const { at: _, ...over } = call({ actor: "over" });
      const entries = Array.from({ length: 501 }, () => ({ ...over, at: at(0).toISOString(), revision: null }));
      await expect(store.restoreAudit(entries)).rejects.toThrow("More than 500 entries");
      expect((await page({ actor: "over" })).entries).toEqual([]);
    });

    test("a restored trail has the times and the actions that it had, and of a batch all or none", async () => {
      const { at: _, ...past } = call({ actor: "past", arguments: '{"nul":"\\u0000","text":"天気 🦊"}' });
      const noneOfACall = { tool: null, session: null, status: null, durationMs: null, argumentsHash: null };
      const entries = [
        { ...past, at: "2026-11-01T00:00:02.345Z", revision: null },
        { ...past, ...noneOfACall, arguments: null, at: "2026-11-01T00:00:01.000Z", action: "delete", revision: 3 },
      ] as const;
      await store.restoreAudit(entries);
      const restored = (await page({ actor: "past" })).entries;
      expect(restored).toEqual(entries.map((entry) => ({ id: expect.any(String), ...entry })));

      const broken = { ...entries[0], uid: "not a uuid" };
      await expect(store.restoreAudit([entries[0], broken])).rejects.toThrow();
      expect((await page({ actor: "past" })).entries).toEqual(restored);
      await store.restoreAudit([]);
    });

    async function page(query: Partial<AuditQuery>) {
      const read = await store.audit({ limit: 500, ...query });
      if (read.state !== "read") throw new Error(read.state);
      return read;
    }
  });
}

function record<K extends Kind>(kind: K, name: string, changes: Partial<Resource<K>> = {}): Resource<K> {
  const uid = "0b8f6c9e-3a51-4c0e-9d6a-0d4f6f3f8b11";
  return { kind, name, uid, revision: 1, deleting: false, body: bodies[kind](name), ...changes };
}

const at = (second: number) => new Date(Date.UTC(2026, 10, 1, 0, 0, second));
