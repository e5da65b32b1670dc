import { gzipSync } from "node:zlib";
import fastifyApiReference from "@scalar/fastify-api-reference";

/**
 * A program: writes Scalar's browser script, gzipped, to standard output.
 * The script's own npm package weighs 287 MB with its dependencies. Scalar's Fastify plugin has the same script inside and
 * weighs 5; it gives it away on a route, so here is as much of Fastify as a plugin that adds routes needs.
 */
type Reply = { header(name: string, value: string): Reply; send(body: string): string };
type Route = { url: string; handler(request: unknown, reply: Reply): string };

const routes: Route[] = [];
const fastify = { initialConfig: {}, hasPlugin: () => false, route: (route: Route) => routes.push(route) };
fastifyApiReference(fastify, { configuration: { url: "/openapi.json" } }, () => {});

const script = routes.find((route) => route.url.endsWith(".js"));
if (!script) throw new Error("Scalar's plugin has no route for its script");
const reply: Reply = { header: () => reply, send: (body) => body };
await Bun.write(Bun.stdout, gzipSync(script.handler({}, reply), { level: 9 }));
