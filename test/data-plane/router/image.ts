import { bundledImages } from "../../../gateway/runtime/images/bundled-images.ts";

/** One of the sample images as a process of its own, gone with the stack. */
export async function startImage(name: string, stack: AsyncDisposableStack): Promise<{ url: string }> {
  const [program = "", ...rest] = bundledImages[name]?.command ?? [];
  const child = Bun.spawn([program === "bun" ? process.execPath : program, ...rest], {
    env: { ...process.env, HOST: "127.0.0.1", PORT: "0" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  stack.defer(async () => {
    child.kill("SIGTERM");
    await child.exited;
  });
  const decoder = new TextDecoder();
  let said = "";
  for await (const bytes of child.stdout) {
    said += decoder.decode(bytes, { stream: true });
    const url = /listening on (\S+)\n/.exec(said)?.[1];
    if (url !== undefined) return { url };
  }
  throw new Error(`The image ${name} did not start: ${said}`);
}
