import { guard, injector, gatewayProcess } from "../metrics.ts";

/** What the dashboard's variables choose. */
export const here = { namespace: '=~"$namespace"' } as const;
export const chosen = { ...here, adapter: '=~"$adapter"' } as const;

/** Which series are a gateway's, a guard's or an injector's, whatever Prometheus calls the job. */
export const isGateway = gatewayProcess.metric("mcp_gateway_build_info");
export const isGuard = guard.metric("mcp_guard_build_info");
export const isInjector = injector.metric("mcp_injector_build_info");
