import { expect, test } from "bun:test";
import { accessRules } from "../../gateway/auth/access.ts";

const who = (id: string, ...roles: string[]) => ({ key: id, id, name: id, roles });
const access = accessRules({ admin: "mcp.admin", workloadIdentity: ["mcp.cloud"] });
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
  expect(access.may(principal, "read", resource)).toBe(read);
  expect(access.may(principal, "write", resource)).toBe(write);
});

test("a cloud identity is for admins and the configured roles", () => {
  expect(access.mayUseWorkloadIdentity(who("bob", "mcp.admin"))).toBe(true);
  expect(access.mayUseWorkloadIdentity(who("bob", "MCP.Cloud"))).toBe(true);
  expect(access.mayUseWorkloadIdentity(who("alice", "mcp.engineer"))).toBe(false);
});

test("the admin's role has the name that it is given", () => {
  const renamed = accessRules({ admin: "platform", workloadIdentity: [] });
  expect(renamed.may(who("bob", "platform"), "write", closed)).toBe(true);
  expect(renamed.may(who("bob", "mcp.admin"), "write", closed)).toBe(false);
});

test("the same id at another identity provider is somebody else", () => {
  const owned = { createdBy: "alice", owner: "https://one.example#alice", requiredRoles: [] };
  const alice = (issuer: string) => ({ key: `${issuer}#alice`, id: "alice", name: "Alice", roles: [] });
  expect(access.may(alice("https://one.example"), "write", owned)).toBe(true);
  expect(access.may(alice("https://two.example"), "read", owned)).toBe(false);
});
