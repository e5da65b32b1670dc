import { createClient } from "@hey-api/openapi-ts";
import { openapiDocument } from "./openapi.ts";

/** Writes into the folder what is made from the contract: openapi.json, and the typed client under client/. */
export async function emit(folder: string) {
  const document = `${folder}/openapi.json`;
  await Bun.write(document, `${JSON.stringify(openapiDocument(), null, 2)}\n`);
  await createClient({
    input: document,
    output: { path: `${folder}/client`, clean: true },
    plugins: [{ name: "@hey-api/client-fetch", baseUrl: false }, "@hey-api/typescript", "@hey-api/sdk"],
    logs: { level: "silent" },
  });
}

if (import.meta.main) await emit(import.meta.dir);
