import { expect, test } from "bun:test";
import { accessRules } from "../../../gateway/auth/access.ts";
import { type ToolPolicy, toolAccess } from "../../../gateway/data-plane/tool-policy.ts";

const rules = accessRules({ admin: "mcp.root", workloadIdentity: [] });
const principal = (id: string, ...roles: string[]) => ({ key: `dev:${id}`, id, name: id, roles });
const policy = { "mcp.reader": ["read", "list"], "MCP.Writer": ["write"], "*": ["ping"], "mcp.all": ["*"] };

test.each<[string, ToolPolicy, string[], "all" | string[]]>([
  ["no policy allows everything", undefined, [], "all"],
  ["null is no policy", null, [], "all"],
  ["an empty policy denies everything", {}, ["mcp.reader"], []],
  ["a role has its tools and everybody's", policy, ["mcp.reader"], ["read", "list", "ping"]],
  ["roles add up", policy, ["mcp.reader", "mcp.writer"], ["read", "list", "write", "ping"]],
  ["roles compare without case", policy, ["MCP.READER"], ["read", "list", "ping"]],
  ["a role that is not named has everybody's tools", policy, ["mcp.other"], ["ping"]],
  ["without any role there are everybody's tools", policy, [], ["ping"]],
  ["a star as a tool is all of them", policy, ["mcp.all"], "all"],
  ["a star for everybody is no restriction", { "*": ["*"] }, [], "all"],
  ["a role without tools gives none", { "mcp.reader": [] }, ["mcp.reader"], []],
  ["the admin's role passes the policy by, without case", policy, ["MCP.Root"], "all"],
  ["what another system calls admin does not", policy, ["mcp.admin"], ["ping"]],
  ["names of Object's own are no roles", { "mcp.reader": ["read"] }, ["constructor", "__proto__", "toString"], []],
  ["a role may be called like a property of Object", { constructor: ["read"] }, ["constructor"], ["read"]],
  ["part of a role's name is another role", { "mcp.reader": ["read"] }, ["mcp.read", "mcp.reader2"], []],
])("%s", (_promise, given, roles, expected) => {
  const access = toolAccess(given, principal("ann", ...roles), rules);
  expect(access === "all" ? access : [...access].sort()).toEqual(expected === "all" ? "all" : expected.toSorted());
});
