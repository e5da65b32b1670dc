import { join } from "node:path";
import { belongs, parsed } from "./certificate.ts";
import type { Pair } from "./pair.ts";

/** Rejects where the file cannot be read. */
export type ReadText = (path: string) => Promise<string>;

/**
 * Shows the certificate that somebody else keeps in a directory: a mounted Secret of type kubernetes.io/tls, as cert-manager fills
 * it. Looking beats being told here: such a volume changes by a symbolic link, of which a watch on the file hears nothing.
 */
export function certificateDirectory({
  directory,
  readText,
  serve,
}: {
  directory: string;
  readText: ReadText;
  serve: (pair: Pair) => void;
}) {
  let last: Pair | undefined;
  return {
    /** Gives what is wrong with the files, in words; what was there before stays in use. */
    async look(): Promise<string | undefined> {
      try {
        const [cert = "", key = ""] = await Promise.all(
          ["tls.crt", "tls.key"].map((name) => readText(join(directory, name))),
        );
        if (cert === last?.cert && key === last.key) return undefined;
        const x509 = parsed(cert);
        if (!x509) return `${directory}/tls.crt holds no certificate`;
        // Also while they are being exchanged: one may be new and the other old.
        if (!belongs(key, x509)) return `${directory}/tls.key is not the key of tls.crt`;
        last = { cert, key, untilMs: Date.parse(x509.validTo) };
        serve(last);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  };
}
