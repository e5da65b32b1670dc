import { expect, test } from "bun:test";
import { openBench, readyEndpoints } from "./support.ts";
import { workload } from "./workload.ts";

async function openTool() {
  const bench = await openBench();
  await bench.runtime.apply(workload({ imageName: "weather-tool" }));
  const [endpoint] = await readyEndpoints(bench.runtime, 1);
  const origin = endpoint?.origin ?? "";
  const post = (body: string) => fetch(`${origin}/score`, { method: "POST", body });
  return { origin, post, [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose]() };
}

const madeUp = [
  { day: 0, sky: "partly cloudy", lowCelsius: 20, highCelsius: 23 },
  { day: 1, sky: "sunny", lowCelsius: 23, highCelsius: 31 },
];

test("the sample tool makes up a forecast, the same for the same city, by POST and by GET", async () => {
  await using tool = await openTool();
  const posted = await tool.post('{"city":"Zurich","days":2}');
  expect(posted.status).toBe(200);
  expect(posted.headers.get("content-type")).toStartWith("application/json");
  expect(await posted.json()).toEqual({ city: "Zurich", forecast: madeUp });
  const got = await fetch(`${tool.origin}/forecast?city=zurich&days=2`);
  expect(await got.json()).toEqual({ city: "zurich", forecast: madeUp });
  const usual = (await (await tool.post('{"city":"Zurich"}')).json()) as { forecast: unknown[] };
  expect(usual.forecast).toHaveLength(3);
});

test("the sample tool is ready at / and says what is wrong with a question", async () => {
  await using tool = await openTool();
  expect(await (await fetch(tool.origin)).json()).toEqual({ status: "ready" });
  const cases: [string, string][] = [
    ["{}", "city: "],
    ['{"city":"Bern","days":8}', "days: "],
    ['{"city":"Bern","mood":1}', '"mood"'],
    ["no JSON", "the question: "],
  ];
  for (const [body, words] of cases) {
    const refused = await tool.post(body);
    expect(refused.status).toBe(400);
    expect(((await refused.json()) as { error: string }).error).toContain(words);
  }
  expect((await fetch(`${tool.origin}/elsewhere`)).status).toBe(404);
  expect((await tool.post(`{"city":"${"x".repeat(70_000)}"}`)).status).toBe(413);
});

test("the sample tool does not answer to another host's name", async () => {
  await using tool = await openTool();
  expect((await fetch(tool.origin, { headers: { host: "evil.example" } })).status).toBe(403);
});
