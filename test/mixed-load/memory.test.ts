import { expect, test } from "bun:test";
import { grownIn, type Level, levelOf, levelsDuring, type Levels, type Reading, readMemory } from "./memory.ts";

const mb = 2 ** 20;
const reading = (atMs: number, megabytes: number, descriptors = 100): Reading => ({
  ...{ atMs, residentBytes: megabytes * mb, proportionalBytes: megabytes * mb, descriptors, sockets: descriptors - 20 },
});
const level = (megabytes: number, descriptors = 100): Level => levelOf([reading(0, megabytes, descriptors)]);
const minutes = (count: number) => count * 60_000;

test("the last third of the first minute is compared with the last 20 seconds of the load", () => {
  const readings = Array.from({ length: 300 }, (_, second) => {
    const megabytes = second < 40 ? 500 : second < 60 ? 200 : second < 280 ? 900 : 210;
    return reading(second * 1000, megabytes);
  });
  const { settled, end } = levelsDuring(readings, minutes(5));
  expect(settled).toMatchObject({ readings: 20, residentBytes: 200 * mb });
  expect(end).toMatchObject({ readings: 20, residentBytes: 210 * mb });
});

const steady: Levels = { before: level(150, 80), settled: level(200, 900), end: level(220, 920), idle: level(210, 90) };

test.each<[what: string, Partial<Levels>, loadMs: number, grown: string[]]>([
  ["nothing", {}, minutes(20), []],
  ["memory under load", { end: level(231, 920) }, minutes(20), ["resident memory grew from 200 MB to 231 MB"]],
  ["memory after it", { idle: level(231, 90) }, minutes(20), ["resident memory is 231 MB after the load"]],
  ["descriptors", { end: level(220, 1100) }, minutes(20), ["open descriptors grew from 900 to 1100"]],
  [
    "descriptors after it",
    { idle: level(210, 121) },
    minutes(20),
    ["121 descriptors are open after the load, 80 were before it"],
  ],
  ["memory of a short load", { end: level(500, 920) }, minutes(1), []],
])("of a gateway that has grown in %s this is said", (_, levels, loadMs, grown) => {
  expect(grownIn({ ...steady, ...levels }, loadMs)).toEqual(grown);
});

test.if(process.platform === "linux")("a process's memory and descriptors are read", () => {
  const read = readMemory([process.pid], 7);
  expect(read.atMs).toBe(7);
  expect(read.residentBytes).toBeGreaterThan(10 * mb);
  expect(read.proportionalBytes).toBeGreaterThan(mb);
  expect(read.descriptors).toBeGreaterThan(2);
});
