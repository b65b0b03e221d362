import messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { Difference, DifferenceKind } from "./model.ts";

const KINDS: Record<DifferenceKind, messages.PropertyDiff.Kind> = {
  add: messages.PropertyDiff.Kind.ADD,
  delete: messages.PropertyDiff.Kind.DELETE,
  update: messages.PropertyDiff.Kind.UPDATE,
  "add-replace": messages.PropertyDiff.Kind.ADD_REPLACE,
  "delete-replace": messages.PropertyDiff.Kind.DELETE_REPLACE,
  "update-replace": messages.PropertyDiff.Kind.UPDATE_REPLACE,
};

/** The engine's form of a difference; the first key of each path is what it lists as changed or replacing. */
export function toDiffResponse(difference: Difference): messages.DiffResponse {
  const reply = new messages.DiffResponse();
  const changes = Object.entries(difference.detailed);
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  reply.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  reply.setHasdetaileddiff(true);
  for (const [path, kind] of changes) {
    const property = new messages.PropertyDiff();
    property.setKind(KINDS[kind]);
    property.setInputdiff(true);
    reply.getDetaileddiffMap().set(path, property);
  }
  const topLevel = (path: string) => path.split(/[.[]/, 1)[0] ?? path;
  const replaced = changes.filter(([, kind]) => kind.endsWith("-replace")).map(([path]) => topLevel(path));
  reply.setReplacesList([...new Set(replaced)]);
  reply.setDiffsList([...new Set(changes.map(([path]) => topLevel(path)))]);
  reply.setDeletebeforereplace(difference.deleteBeforeReplace ?? false);
  return reply;
}
