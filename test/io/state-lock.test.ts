import { hostname } from "node:os";
import { lockFailure, StackLocked } from "../../io/stack-state.ts";

const said = (holder: string) =>
  "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock " +
  `file with \`pulumi cancel\`.\n  file:///state/.pulumi/locks/organization/sparki/prod/1.json: created by ${holder}`;
const ANN = "ann@desk (pid 7) at 2026-11-23T10:00:00Z";

describe("lockFailure", () => {
  it("says who holds the stack since when, and what takes the lock away", () => {
    expect(lockFailure(said(ANN), "prod")).toBeInstanceOf(StackLocked);
    expect(lockFailure(said(ANN), "prod")).toMatchObject({
      code: "SPARKI_OUTSIDE",
      message:
        "stack prod is locked by ann@desk (process 7) since 2026-11-23T10:00:00Z; expected no other deployment to it",
      hint: "wait until it ends; only if it is no longer running: pulumi cancel --stack prod",
    });
  });

  it.each([
    [process.pid, false],
    [4_194_305, true],
  ])("looks whether process %d of this machine still runs", (pid, isGone) => {
    const failure = lockFailure(said(`ann@${hostname()} (pid ${pid}) at now`), "prod");
    expect(failure?.message.includes("which is no longer running on this machine")).toBe(isGone);
    expect(failure?.hint?.startsWith("pulumi cancel --stack prod")).toBe(isGone);
  });

  it("knows Pulumi Cloud's words, which name nobody", () => {
    const failure = lockFailure("error: [409] Conflict: Another update is currently in progress.", "prod");
    expect(failure?.message).toContain("locked by another update;");
  });

  it("takes no other failure for a lock", () => {
    expect(lockFailure("error: the passphrase is wrong", "prod")).toBeUndefined();
  });
});
