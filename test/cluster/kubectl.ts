export type KubectlAnswer = { readonly stdout: string; readonly stderr: string; readonly exitCode: number };

/** Runs kubectl against one cluster. Does not throw when kubectl fails: tests look at what it says. */
export type Kubectl = (args: readonly string[], input?: string) => Promise<KubectlAnswer>;

/** `command` is kubectl and its first arguments. */
export function kubectlOf(command: readonly string[], kubeconfig: string): Kubectl {
  return async (args, input) => {
    const child = Bun.spawn([...command, ...args], {
      env: { ...process.env, KUBECONFIG: kubeconfig },
      stdin: input === undefined ? "ignore" : new Blob([input]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return { stdout, stderr, exitCode };
  };
}
