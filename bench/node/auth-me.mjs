import { inside, ok } from "./caller.mjs";

export const handler = async (event) => {
  const { wid, answers: [[person], workspaces] } = await inside(event, [
    ["select user_id, email, name, created_at from auth.users", []],
    ["select w.workspace_id, w.name, w.kind, m.role from workspaces.members m join workspaces.workspaces w using (workspace_id) order by m.joined_at, w.workspace_id", []],
  ]);
  return ok({
    userId: person.user_id, email: person.email, name: person.name, createdAt: person.created_at, workspaceId: wid,
    workspaces: workspaces.map(({ workspace_id, name, kind, role }) => ({ workspaceId: workspace_id, name, kind, role })),
  });
};
