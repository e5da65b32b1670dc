import { expect, test } from "bun:test";
import { mergedTemplate } from "../../../../gateway/runtime/kubernetes/objects/strategic-merge.ts";

const template = {
  metadata: { labels: { app: "x" } },
  spec: {
    containers: [
      {
        name: "c",
        image: "i",
        args: ["a", "b"],
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
        ports: [{ containerPort: 8000, name: "http" }],
      },
    ],
    tolerations: [{ key: "k", operator: "Exists" }],
    volumes: [
      { name: "tmp", emptyDir: {} },
      { name: "v2", emptyDir: {} },
    ],
  },
};
const [container] = template.spec.containers;

/** What is merged over the template's spec, and which fields of it `kubectl patch --local --type=strategic` then prints. */
const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
  [
    "a map is merged, null removes",
    { nodeSelector: { a: "b" }, tolerations: null },
    { nodeSelector: { a: "b" }, tolerations: undefined },
  ],
  ["a list without a key is replaced", { tolerations: [{ key: "z" }] }, { tolerations: [{ key: "z" }] }],
  [
    "a container is merged by its name, its arguments are replaced, a new one takes its place in the patch's order",
    {
      containers: [
        { name: "side", image: "s" },
        { name: "c", args: ["z"] },
      ],
    },
    {
      containers: [
        { name: "side", image: "s" },
        { ...container, args: ["z"] },
      ],
    },
  ],
  [
    "variables are merged by name, in the patch's order, before those it does not name",
    {
      containers: [
        {
          name: "c",
          env: [
            { name: "Z", value: "9" },
            { name: "A", value: "7" },
          ],
        },
      ],
    },
    {
      containers: [
        {
          ...container,
          env: [
            { name: "Z", value: "9" },
            { name: "A", value: "7" },
            { name: "B", value: "2" },
          ],
        },
      ],
    },
  ],
  [
    "what the patch does not name stays before what it stood before",
    {
      containers: [
        {
          name: "c",
          env: [
            { name: "B", value: "7" },
            { name: "C", value: "8" },
          ],
        },
      ],
    },
    {
      containers: [
        {
          ...container,
          env: [
            { name: "A", value: "1" },
            { name: "B", value: "7" },
            { name: "C", value: "8" },
          ],
        },
      ],
    },
  ],
  [
    "ports are merged by their number",
    { containers: [{ name: "c", ports: [{ containerPort: 9000 }, { containerPort: 8000, protocol: "TCP" }] }] },
    {
      containers: [
        { ...container, ports: [{ containerPort: 9000 }, { containerPort: 8000, name: "http", protocol: "TCP" }] },
      ],
    },
  ],
  [
    "$patch: delete removes one item",
    {
      volumes: [
        { name: "tmp", $patch: "delete" },
        { name: "new", emptyDir: {} },
      ],
    },
    {
      volumes: [
        { name: "new", emptyDir: {} },
        { name: "v2", emptyDir: {} },
      ],
    },
  ],
  [
    "$patch: replace in a list replaces it",
    { volumes: [{ $patch: "replace" }, { name: "new", emptyDir: {} }] },
    { volumes: [{ name: "new", emptyDir: {} }] },
  ],
  [
    "a volume becomes one of another type by null",
    { volumes: [{ name: "tmp", emptyDir: null, configMap: { name: "q" } }] },
    {
      volumes: [
        { name: "tmp", configMap: { name: "q" } },
        { name: "v2", emptyDir: {} },
      ],
    },
  ],
  [
    "a volume becomes one of another type by $retainKeys",
    { volumes: [{ name: "tmp", $retainKeys: ["name", "configMap"], configMap: { name: "q" } }] },
    {
      volumes: [
        { name: "tmp", configMap: { name: "q" } },
        { name: "v2", emptyDir: {} },
      ],
    },
  ],
  [
    "$patch: replace in a map replaces it",
    { $patch: "replace", containers: [{ name: "only" }] },
    { containers: [{ name: "only" }], tolerations: undefined, volumes: undefined },
  ],
  ["a field nobody knows is handed on", { later: { a: [1] } }, { later: { a: [1] } }],
];

for (const [promise, patch, changed] of cases) {
  test(promise, () => {
    const before = structuredClone(template);
    expect(mergedTemplate(template, { spec: patch })).toEqual({
      state: "merged",
      value: { metadata: { labels: { app: "x" } }, spec: { ...template.spec, ...changed } },
    });
    expect(template).toEqual(before);
  });
}

test("nothing of a null or a directive is left where nothing was", () => {
  const patch = {
    metadata: { annotations: { a: null, b: "c" } },
    spec: { hostAliases: [{ ip: "10.0.0.1", $patch: "delete" }], affinity: { nodeAffinity: null } },
  };
  const merged = mergedTemplate({ metadata: {}, spec: {} }, patch);
  expect(JSON.stringify(merged)).toBe(
    '{"state":"merged","value":{"metadata":{"annotations":{"b":"c"}},"spec":{"hostAliases":[],"affinity":{}}}}',
  );
});

test("a patch that means nothing is refused in words", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ $patch: "merge" }, '"$patch" is "delete" or "replace"'],
    [{ volumes: [{ name: "tmp", $patch: "keep" }] }, '"$patch" is "delete" or "replace"'],
    [{ volumes: [{ $patch: "delete" }] }, 'an item of a list lacks its "name"'],
    [{ "$setElementOrder/volumes": [] }, 'the directive "$setElementOrder/volumes" is not known here'],
    [{ $retainKeys: "x" }, '"$retainKeys" is a list of names'],
    [{ $retainKeys: [], volumes: [] }, '"$retainKeys" leaves out "volumes", which is set beside it'],
  ];
  for (const [spec, reason] of cases) {
    expect(mergedTemplate(template, { spec })).toEqual({
      state: "refused",
      reason: `The pod template cannot be used: ${reason}.`,
    });
  }
});

test("a key named __proto__ is a key like any other", () => {
  const merged = mergedTemplate(
    template,
    JSON.parse('{"metadata":{"__proto__":{"polluted":1},"labels":{"__proto__":"x"}}}'),
  );
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  const { metadata } = (merged as unknown as { value: { metadata: { labels: object } } }).value;
  expect(Object.keys(metadata.labels)).toEqual(["app", "__proto__"]);
});
