import { hostHeaderValidationResponse, localhostAllowedHostnames } from "@modelcontextprotocol/server";
import { z } from "zod";
import { addressFrom } from "./serve-image.ts";

/** A sample tool: plain HTTP and JSON, no MCP. Its forecasts are made up, the same for the same city. */

const Question = z.strictObject({
  city: z.string().trim().min(1).max(100),
  days: z.coerce.number().int().min(1).max(7).default(3),
});
const maxBodyBytes = 64 * 1024;
const skies = ["sunny", "partly cloudy", "cloudy", "rainy", "stormy", "snowy"];
const loopback = new Set(["127.0.0.1", "localhost", "::1"]);

const { host, port } = addressFrom(process.env);
const server = Bun.serve({
  hostname: host,
  port,
  maxRequestBodySize: maxBodyBytes,
  async fetch(request) {
    // A web page that has its own name resolve to 127.0.0.1 must not get past the gateway's identity check.
    const rebound = loopback.has(host) ? hostHeaderValidationResponse(request, localhostAllowedHostnames()) : undefined;
    if (rebound !== undefined) return rebound;
    const { pathname, searchParams } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "GET /":
        return Response.json({ status: "ready" });
      case "POST /score":
        return forecast(await jsonOf(request));
      case "GET /forecast":
        return forecast(Object.fromEntries(searchParams));
    }
    return refusal(404, "There is POST /score with { city, days? } and GET /forecast?city=&days=.");
  },
  error(error) {
    console.error(error);
    return refusal(500, "Internal error");
  },
});
console.log(`listening on ${server.url}score`);

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => void server.stop(true).then(() => process.exit(0)));
}

function forecast(question: unknown): Response {
  const asked = Question.safeParse(question);
  if (!asked.success) return refusal(400, asked.error.issues.map(wordsFor).join("; "));
  const { city, days } = asked.data;
  return Response.json({ city, forecast: Array.from({ length: days }, (_, day) => weatherOn(city, day)) });
}

function weatherOn(city: string, day: number) {
  const chance = Bun.hash.xxHash32(`${city.toLowerCase()}|${day}`);
  const lowCelsius = (chance % 30) - 5;
  const highCelsius = lowCelsius + 3 + ((chance >>> 8) % 9);
  return { day, sky: skies[(chance >>> 16) % skies.length], lowCelsius, highCelsius };
}

async function jsonOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}

function wordsFor({ path, message }: z.core.$ZodIssue): string {
  return path.length > 0 ? `${path.join(".")}: ${message}` : `the question: ${message}`;
}

function refusal(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
