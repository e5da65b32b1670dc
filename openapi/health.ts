import { createRoute, z } from "@hono/zod-openapi";
import { problems } from "./problem.ts";

const tags = ["health"];
const Health = z
  .object({
    status: z.enum(["ok", "degraded", "draining"]).openapi({
      description: "degraded: live traffic is served as ever, something else is not possible",
      example: "ok",
    }),
    reason: z.string().optional().openapi({ description: "Why it is degraded, and since when" }),
  })
  .openapi("Health");

export const ping = createRoute({
  method: "get",
  path: "/ping",
  operationId: "ping",
  summary: "Is anybody there",
  description: "Empty answer, no identity needed; what the Microsoft gateway's probes call.",
  tags,
  security: [],
  responses: { 200: { description: "The process answers" } },
});

export const live = createRoute({
  method: "get",
  path: "/healthz",
  operationId: "live",
  summary: "Liveness",
  description: "200 while the process works; restart it when this fails.",
  tags,
  security: [],
  responses: { 200: { description: "Alive", content: { "application/json": { schema: Health } } } },
});

export const ready = createRoute({
  method: "get",
  path: "/readyz",
  operationId: "ready",
  summary: "Readiness",
  description:
    "200 from the first answer on, since the gateway listens only once it can route; 503 while it drains. Without its " +
    "database it stays ready, `degraded`: live traffic goes on with the resources known last.",
  tags,
  security: [],
  responses: {
    200: { description: "Ready to route", content: { "application/json": { schema: Health } } },
    503: { description: "Not ready to route", content: { "application/json": { schema: Health } } },
  },
});

const text = { schema: z.string() };

export const readMetrics = createRoute({
  method: "get",
  path: "/metrics",
  operationId: "readMetrics",
  summary: "Figures for Prometheus",
  description:
    "All that this gateway counts, in the format that Accept asks for. Only for callers on the gateway's own machine, and only " +
    "where METRICS_PORT is not set: else the figures are at that port.",
  tags,
  security: [],
  responses: {
    200: { description: "The figures", content: { "text/plain": text, "application/openmetrics-text": text } },
    ...problems(404),
  },
});
