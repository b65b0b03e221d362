import { parse } from "yaml";
import { kubeconfigFor, tokenLines } from "../../../rehearsal/cluster/control-plane.ts";
import { accessOf } from "../../../rehearsal/kubernetes/provider.ts";

describe("kubeconfigFor", () => {
  it("is what the provider reads back", () => {
    const access = { endpoint: "https://127.20.0.10:6443", certificateAuthorityPem: "PEM\n", token: "t" };
    const text = kubeconfigFor(access.endpoint, access.certificateAuthorityPem, access.token);
    expect(accessOf(text)).toEqual(access);
    expect(parse(text)["current-context"]).toBe("sparki");
  });
});

describe("tokenLines", () => {
  it("gives the administrator the masters' group and the controllers none", () => {
    const lines = tokenLines({
      ...{ admin: "1", entering: "5", controllerManager: "2", scheduler: "3", kubelets: "4" },
    }).split("\n");
    expect(lines).toContain('1,sparki-admin,sparki-admin,"system:masters"');
    expect(lines).toContain('2,system:kube-controller-manager,system:kube-controller-manager,""');
  });
});
