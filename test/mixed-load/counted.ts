/** What the gateway itself counts, summed up over labels. */
export type Counted = { sessions: number; openStreams: number; upstreamConnections: number; heapBytes: number };

export async function countedBy(origin: string): Promise<Counted> {
  const text = await (await fetch(`${origin}/metrics`)).text();
  return {
    sessions: sumOf(text, "mcp_gateway_sessions"),
    openStreams: sumOf(text, "mcp_gateway_open_streams"),
    upstreamConnections: sumOf(text, "mcp_gateway_upstream_connections"),
    heapBytes: sumOf(text, "mcp_gateway_heap_used_bytes"),
  };
}

/** Of all series with this name in the Prometheus text format. */
export function sumOf(exposition: string, name: string): number {
  const series = exposition.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)`, "gm"));
  return series.reduce((total, [, value]) => total + Number(value), 0);
}
