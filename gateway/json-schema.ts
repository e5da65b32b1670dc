import { Ajv, type ErrorObject, type Options } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { LRUCache } from "lru-cache";
import { type Budget, budgetOf, TooMuchWork } from "./json-schema/budget.ts";
import { linearPatterns, PatternProblem } from "./json-schema/patterns.ts";
import { areUnique } from "./json-schema/unique-items.ts";
import { cut, faultsIn } from "./json-schema/words.ts";

/** What is wrong with a value, in words for whoever sent it; undefined when it is valid. */
export type Validator = (value: unknown) => string | undefined;

export type JsonSchemas = {
  /** Why this schema cannot be used, in a sentence; undefined when it can. */
  problemIn(schema: object): string | undefined;
  /**
   * Never throws: where the schema cannot be used, no value is valid. `name` is what the value is called in the words.
   * Kept for the very object, so that a schema in memory is compiled once.
   */
  validator(schema: object, name?: string): Validator;
};

const maxSchemaLength = 256 * 1024;
const maxSchemaDepth = 64;
/** Every object and value of it counts. Compiling takes more than twice as long for twice as many: for these half a second. */
const maxSchemaNodes = 4000;
/** A compiled schema takes some 100 KB. */
const maxKept = 256;
/** In larger values only the first fault is named: all of them could be more than the value. */
const maxNodesExplained = 1000;

type Dialect = "2020-12" | "draft-07";
type Shape = { readonly dialect: Dialect; readonly nodes: number };
type Usable = { readonly state: "usable"; check(value: unknown, name: string): string | undefined };
type Compiled = Usable | { readonly state: "unusable"; readonly problem: string };

/**
 * JSON Schema (2020-12, and draft-07 where `$schema` says so) for schemas and values that strangers write. Formats are not
 * asserted, as the specification has it. Nothing is loaded; patterns are RE2's, which cannot backtrack; and a check that
 * would take too much work is given up.
 */
export function jsonSchemas(): JsonSchemas {
  const kept = new LRUCache<object, Compiled>({ max: maxKept });
  const ofSchemas = {
    "2020-12": new Ajv2020({ ...options, validateSchema: true, meta: true }),
    "draft-07": new Ajv({ ...options, validateSchema: true, meta: true }),
  };

  return {
    problemIn(schema) {
      const compiled = compiledOf(schema);
      return compiled.state === "unusable" ? compiled.problem : undefined;
    },
    validator(schema, name = "arguments") {
      return (value) => {
        const compiled = compiledOf(schema);
        return compiled.state === "usable"
          ? compiled.check(value, name)
          : `${name} cannot be checked, because the schema cannot be used: ${compiled.problem}`;
      };
    },
  };

  function compiledOf(schema: object): Compiled {
    const known = kept.get(schema);
    if (known) return known;
    const compiled = compile(schema);
    kept.set(schema, compiled);
    return compiled;
  }

  function compile(schema: object): Compiled {
    try {
      const shape = shapeOf(schema);
      const rules = ofSchemas[shape.dialect];
      if (rules.validateSchema(schema) !== true) {
        return { state: "unusable", problem: `${faultsIn(rules.errors ?? [], schema, "schema")}.` };
      }
      return usable(schema, shape);
    } catch (error) {
      return { state: "unusable", problem: problemOf(error) };
    }
  }
}

const options: Options = {
  strict: false,
  validateFormats: false,
  logger: false,
  // `{}` has no own property toString.
  ownProperties: true,
  // A reference costs a call, not a copy: copies of copies grow without bound.
  inlineRefs: false,
  meta: false,
  validateSchema: false,
};

/** Compiled for its own: in one Ajv schemas would see each other's `$id`, and none would ever be forgotten. */
function usable(schema: object, { dialect, nodes: schemaNodes }: Shape): Usable {
  const budget = budgetOf();
  const isValid = validateWith(schema, dialect, budget, { allErrors: false });
  let explain: ReturnType<typeof validateWith> | undefined;
  return {
    state: "usable",
    check(value, name) {
      budget.refill();
      try {
        const nodes = nodesIn(value);
        budget.spendOn(nodes, schemaNodes);
        if (isValid(value)) return undefined;
        if (nodes > maxNodesExplained) return faultsIn(isValid.errors ?? [], value, name);
        explain ??= validateWith(schema, dialect, budget, { allErrors: true });
        explain(value);
        return faultsIn(explain.errors ?? [], value, name);
      } catch (error) {
        // A RangeError is the end of the stack.
        if (!(error instanceof TooMuchWork || error instanceof RangeError)) throw error;
        return `${name} cannot be checked: too large or too deeply nested`;
      }
    },
  };
}

type Check = ((value: unknown) => boolean) & { errors?: ErrorObject[] | null };

function validateWith(schema: object, dialect: Dialect, budget: Budget, { allErrors }: { allErrors: boolean }): Check {
  const settings: Options = {
    ...options,
    allErrors,
    code: {
      regExp: linearPatterns(budget),
      // Costs more than it brings.
      optimize: false,
      // Each subschema that is referred to is a function; references to references can call one exponentially often.
      process: (code) => code.replace("{let vErrors = null;", "{self.budget.spend(1);let vErrors = null;"),
    },
  };
  const ajv = Object.assign(dialect === "2020-12" ? new Ajv2020(settings) : new Ajv(settings), { budget });
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    validate: (wanted: boolean, items: unknown[]) => !wanted || areUnique(items),
    error: { message: "must not have two equal items" },
  });
  return ajv.compile(schema) as Check;
}

/** @throws SchemaProblem when the schema is none that is compiled here at all */
function shapeOf(schema: object): Shape {
  const nodes = nodesWithin(schema, maxSchemaDepth);
  if (nodes === undefined) throw new SchemaProblem(`The schema is nested more than ${maxSchemaDepth} deep.`);
  if (nodes > maxSchemaNodes) throw new SchemaProblem(`The schema has more than ${maxSchemaNodes} values.`);
  const { length } = JSON.stringify(schema);
  if (length > maxSchemaLength) throw new SchemaProblem(`The schema is longer than ${maxSchemaLength} characters.`);
  if ("$async" in schema) throw new SchemaProblem("The schema has $async, which is not supported.");
  return { dialect: dialectOf(schema), nodes };
}

function dialectOf(schema: { $schema?: unknown }): Dialect {
  const { $schema } = schema;
  if ($schema === undefined) return "2020-12";
  switch (String($schema).replace(/^https?:\/\/|#$/g, "")) {
    case "json-schema.org/draft/2020-12/schema":
      return "2020-12";
    case "json-schema.org/draft-07/schema":
      return "draft-07";
  }
  throw new SchemaProblem(`The schema's $schema is ${cut(String($schema))}; 2020-12 and draft-07 are supported.`);
}

/** Undefined when it is deeper. Meets every `$ref` on its way. */
function nodesWithin(node: unknown, depth: number): number | undefined {
  if (typeof node !== "object" || node === null) return 1;
  if (depth === 0) return undefined;
  refuseInherited(node);
  let nodes = 1;
  for (const child of Object.values(node)) {
    const inside = nodesWithin(child, depth - 1);
    if (inside === undefined) return undefined;
    nodes += inside;
  }
  return nodes;
}

/** Ajv looks references up in an object that has inherited properties, and would take `constructor` for a schema. */
function refuseInherited(node: { $ref?: unknown }): void {
  const { $ref } = node;
  if (typeof $ref === "string" && $ref in Object.prototype) throw outside($ref);
}

function nodesIn(value: unknown): number {
  const waiting = [value];
  for (const item of waiting) {
    if (typeof item === "object" && item !== null) for (const child of Object.values(item)) waiting.push(child);
  }
  return waiting.length;
}

class SchemaProblem extends Error {}

function outside(ref: string): SchemaProblem {
  return new SchemaProblem(`The schema refers to ${cut(ref)} outside itself.`);
}

function problemOf(error: unknown): string {
  if (error instanceof SchemaProblem || error instanceof PatternProblem) return error.message;
  if (error instanceof Ajv.MissingRefError) return outside(error.missingRef || "a schema").message;
  if (error instanceof RangeError) return "The schema refers to itself without end.";
  return `The schema cannot be used: ${cut(error instanceof Error ? error.message : String(error))}.`;
}
