import { runtimeSuite } from "../runtime.suite.ts";
import { clusterOfFile, podLimitMs } from "./support.ts";

const file = clusterOfFile("the runtime suite");
const { isSkipped } = await file.prepare();

runtimeSuite("the cluster's runtime", () => file.open(), {
  isSkipped,
  missingImage: { reason: "the image wether:1 cannot be pulled: not found" },
  limitMs: podLimitMs,
});
