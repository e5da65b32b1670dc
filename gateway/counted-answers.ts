import type { Context, MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import type { Events } from "./observe/events.ts";

/** Counts and times the answers of a REST application. `now`: milliseconds of a clock that never goes back. */
export function countedAnswers(
  events: Pick<Events, "restAnswered">,
  now: () => number = () => performance.now(),
): MiddlewareHandler {
  return async (c, next) => {
    const beginMs = now();
    await next();
    const { method } = c.req;
    events.restAnswered({ route: routeOf(c), method, status: c.res.status, seconds: (now() - beginMs) / 1000 });
  };
}

/** As the contract writes it; `none` where nothing is: what a caller asked for may be anything. */
function routeOf(c: Context): string {
  const route = matchedRoutes(c).findLast(({ path }) => !path.includes("*"));
  return route === undefined ? "none" : route.path.replace(/:(\w+)/g, "{$1}");
}
