import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Change, Kind, Store } from "../../gateway/store/store.ts";
import { until } from "../support/until.ts";
import { adapterBody, author, written } from "./records.ts";

export type OpenStore = AsyncDisposable & {
  readonly store: Store;
  /** What was noted of this name, oldest first. */
  auditOf(kind: Kind, name: string): Promise<{ action: string; actor: string; requestId: string; revision: number }[]>;
};

/** The promises that every store keeps. It is opened once; each test uses names of its own. */
export function storeSuite(name: string, open: () => Promise<OpenStore>): void {
  describe(name, () => {
    let opened: OpenStore;
    let store: Store;
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
      expect(exist).toEqual(Array(49).fill({ state: "exists", deleting: false }));
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

    test("what is being deleted can be read and listed, but not changed or created", async () => {
      const created = await create("leaving");
      const marked = written(await store.markDeleting("adapter", "leaving", 1, author));
      expect(marked).toEqual({ ...created, revision: 2, deleting: true });
      expect(await store.get("adapter", "leaving")).toEqual(marked);
      expect(await store.list("adapter")).toContainEqual(marked);
      expect(await store.update("adapter", "leaving", 2, adapterBody("leaving"), author)).toEqual({ state: "absent" });
      expect(await store.markDeleting("adapter", "leaving", 2, author)).toEqual({ state: "absent" });
      const again = await store.create("adapter", "leaving", adapterBody("leaving"), author);
      expect(again).toEqual({ state: "exists", deleting: true });
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
  });
}
