import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";

/** A directory of the test's own, gone when it is disposed. */
export async function temporaryDirectory(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(`${tmpdir()}/mcp-gateway-store-`);
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
