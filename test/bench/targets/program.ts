import { delimiter } from "node:path";

/** Where a Debian program is; daemons live in sbin, which users' PATHs often leave out. */
export function program(name: "nginx" | "haproxy", PATH: string = withSbin): string {
  const found = Bun.which(name, { PATH });
  if (found === null)
    throw new Error(
      `${name} is not on PATH: apt-get install nginx-light haproxy, or leave it out with --targets direct,fetch,gateway`,
    );
  return found;
}

const withSbin = [process.env["PATH"], "/usr/local/sbin", "/usr/sbin"].join(delimiter);
