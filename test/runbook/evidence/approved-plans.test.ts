import { planFiles } from "../../../runbook/evidence/gather.ts";
import { fingerprintOf } from "../../../runbook/plan/fingerprint.ts";
import { APPROVAL } from "../../support/evidence.ts";

const entries = { "an entry": "1" };
const parts = {
  ...{ config: entries, charts: entries, digests: entries, program: entries, dependencies: entries, tools: entries },
  ...{ environment: entries, state: entries, drift: entries, policies: entries, plan: entries },
};
const fingerprint = fingerprintOf(parts);
const { hash } = fingerprint;
const approved = (of: string) => ({ approval: { ...APPROVAL, hash: of, isOwnPlan: false } });

describe("planFiles", () => {
  it("keeps of an approved plan what its hash stands for, once, and none of the words around it", async () => {
    const read = async () => ({ stack: "prod", fingerprint, changes: "whatever somebody wrote here" });
    const { files, plans } = await planFiles([approved(hash), approved(hash), { approval: null }], read);
    expect(plans).toEqual({ kept: [`plans/${hash}.json`], absent: [] });
    expect(JSON.parse(files.get(`plans/${hash}.json`) ?? "")).toEqual(fingerprint);
  });

  it.each([
    ["no plan", undefined],
    ["another plan under that name", { fingerprint: fingerprintOf({ ...parts, config: {} }) }],
    ["a plan of which an entry was altered", altered()],
    ["something that is no plan", { fingerprint: { hash } }],
  ])("says of %s that the approved one is not here", async (_, document) => {
    expect(await planFiles([approved(hash)], async () => document)).toEqual({
      files: new Map(),
      plans: { kept: [], absent: [hash] },
    });
  });

  it("looks for no file by a hash that is none", async () => {
    const asked: string[] = [];
    const read = async (of: string) => void asked.push(of);
    const { plans } = await planFiles([approved("../../etc/passwd")], read);
    expect({ asked, plans }).toEqual({ asked: [], plans: { kept: [], absent: ["../../etc/passwd"] } });
  });
});

/** The plan with its own hash, and another digest than it had. */
function altered(): object {
  const digests = { ...fingerprint.parts.digests, entries: { "an entry": "2" } };
  return { fingerprint: { ...fingerprint, parts: { ...fingerprint.parts, digests } } };
}
