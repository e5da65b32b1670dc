import { expect, test } from "bun:test";
import { may } from "../../gateway/auth/access.ts";

const who = (id: string, ...roles: string[]) => ({ key: id, id, name: id, roles });
const open = { createdBy: "alice", requiredRoles: ["mcp.engineer", "mcp.ops"] };
const closed = { createdBy: "alice", requiredRoles: [] };

test.each([
  ["the creator", who("alice"), open, true, true],
  ["the creator of one without roles", who("alice"), closed, true, true],
  ["an admin", who("bob", "mcp.admin"), closed, true, true],
  ["an admin in other letters", who("bob", "MCP.Admin"), closed, true, true],
  ["one of the roles", who("bob", "mcp.ops"), open, true, false],
  ["one of the roles in other letters", who("bob", "MCP.OPS"), open, true, false],
  ["another role", who("bob", "mcp.dev"), open, false, false],
  ["nobody's role", who("bob"), open, false, false],
  ["anybody, when no role is required", who("bob", "mcp.engineer"), closed, false, false],
  ["a role that only begins alike", who("bob", "mcp.admins"), open, false, false],
] as const)("%s", (_name, principal, resource, read, write) => {
  expect(may(principal, "read", resource)).toBe(read);
  expect(may(principal, "write", resource)).toBe(write);
});
