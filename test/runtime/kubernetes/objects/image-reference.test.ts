import { expect, test } from "bun:test";
import { imageParts } from "../../../../gateway/runtime/kubernetes/objects/image-reference.ts";

const digest = `sha256:${"ab".repeat(32)}`;

test.each([
  ["weather", "weather", "latest"],
  ["weather:1.2", "weather", "1.2"],
  ["team/weather:1", "team/weather", "1"],
  ["registry.example.com/team/weather:1", "team/weather", "1"],
  ["registry.example.com:5000/weather", "weather", "latest"],
  ["localhost/weather:dev", "weather", "dev"],
  ["localhost:5000/weather:dev", "weather", "dev"],
  [`ghcr.io/team/weather@${digest}`, "team/weather", digest],
  [`ghcr.io/team/weather:1@${digest}`, "team/weather", digest],
  ["registry.example.com/mcp/weather:1", "weather", "1"],
  ["registry.example.com/mcp-other/weather:1", "mcp-other/weather", "1"],
  ["", "unknown", "unknown"],
])("%s is the image %s in version %s", (image, imageName, imageVersion) => {
  expect(imageParts(image, "registry.example.com/mcp")).toEqual({ imageName, imageVersion });
});

test("without a registry of the gateway's own, any host goes", () => {
  expect(imageParts("registry.example.com/mcp/weather:1", "")).toEqual({ imageName: "mcp/weather", imageVersion: "1" });
});
