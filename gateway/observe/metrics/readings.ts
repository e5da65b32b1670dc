import type Registry from "prom-client/lib/registry.js";
import { type Cell, type Definition, keptCells, register } from "./cells.ts";

/** One number, or one for each set of label values, in the order of the definition. */
export type Reading<Labels extends readonly string[]> = Labels extends readonly []
  ? number | undefined
  : Iterable<readonly [...{ [Label in keyof Labels]: string }, number]>;

/** What is read when somebody fetches the figures. `undefined`, or no label values: there is nothing to say now. */
export type Read<Labels extends readonly string[]> = () => Reading<Labels>;

type Gauges<Definitions> = {
  [Name in keyof Definitions as Definitions[Name] extends { kind: "gauge" } ? Name : never]: Definitions[Name];
};
type LabelsOf<Value> = Value extends { labels: infer Labels extends readonly string[] } ? Labels : never;

/** Shows a state, such as a queue's length, under a gauge's name, until it is disposed. */
export type Watched<Definitions> = <Name extends keyof Gauges<Definitions>>(
  name: Name,
  read: Read<LabelsOf<Definitions[Name]>>,
) => Disposable;

/**
 * Gauges whose value is read when somebody fetches the figures, and costs nothing until then. Several may watch for one name:
 * what they read is added up. A gauge that nobody has ever watched for is not shown. `onFailure` hears of what a reader throws.
 */
export function readings<Definitions extends Readonly<Record<string, Definition>>>(
  registry: Registry,
  definitions: Definitions,
  onFailure: (name: string, error: unknown) => void,
): Watched<Definitions> {
  const readersByName = new Map<PropertyKey, Set<() => unknown>>();
  return (name, read) => {
    const readers = readersByName.getOrInsertComputed(name, () => registered(definitions[name] as Definition));
    readers.add(read);
    return { [Symbol.dispose]: () => void readers.delete(read) };
  };

  function registered(definition: Definition): Set<() => unknown> {
    const readers = new Set<() => unknown>();
    register(registry, definition, () => {
      const kept = keptCells(definition, (): Cell => ({ value: 0 }));
      let isEmpty = true;
      for (const [values, value] of [...readers].flatMap((read) => seriesOf(definition, read))) {
        kept.of(...values).value += value;
        isEmpty = false;
      }
      return isEmpty ? [] : kept.all().map(([labels, { value }]) => ({ labels, value }));
    });
    return readers;
  }

  /** One that fails takes nothing away from the others. */
  function seriesOf({ name, labels }: Definition, read: () => unknown): (readonly [string[], number])[] {
    try {
      const reading = read();
      if (labels.length === 0) return typeof reading === "number" ? [[[], reading]] : [];
      const lines = [...(reading as Iterable<readonly (string | number)[]>)];
      return lines.map((line) => [line.slice(0, -1) as string[], line.at(-1) as number]);
    } catch (error) {
      onFailure(name, error);
      return [];
    }
  }
}
