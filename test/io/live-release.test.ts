import { NOT_KNOWN, readLiveIfKnown } from "../../io/live-release.ts";
import { byService } from "../../stacks/services.ts";

const tracks = { oneBox: ["sha256:a"], fleet: ["sha256:b"] };
const live = byService(() => tracks);

describe("readLiveIfKnown", () => {
  it("tells what runs, by the kubeconfig that it is given", async () => {
    const read = jest.fn(async () => live);
    expect(await readLiveIfKnown(async () => "kubeconfig", read)).toEqual(live);
    expect(read).toHaveBeenCalledWith("kubeconfig");
  });

  it("tells that nothing runs where there is no cluster yet", async () => {
    const nothing = { oneBox: [], fleet: [] };
    expect(await readLiveIfKnown(async () => undefined)).toEqual(byService(() => nothing));
  });

  it("knows nothing, and does not fail, when the cluster or the state's outputs cannot be read", async () => {
    const refuse = async () => {
      throw new Error("connect ECONNREFUSED");
    };
    expect(await readLiveIfKnown(async () => "kubeconfig", refuse)).toEqual(NOT_KNOWN);
    expect(await readLiveIfKnown(refuse)).toEqual(NOT_KNOWN);
    expect(NOT_KNOWN.engine.fleet).toEqual(["unknown"]);
  });
});
