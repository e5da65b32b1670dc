import { controlDefinitions } from "./control.ts";
import { identityDefinitions } from "./identity.ts";
import { processDefinitions } from "./process.ts";
import { runtimeDefinitions } from "./runtime.ts";
import { storeDefinitions } from "./store.ts";

/** What is counted of the gateway itself. */
export const operationDefinitions = {
  ...identityDefinitions,
  ...controlDefinitions,
  ...runtimeDefinitions,
  ...storeDefinitions,
  ...processDefinitions,
};
