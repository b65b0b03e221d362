import { accessOf } from "../../../rehearsal/kubernetes/provider.ts";

const cluster = {
  server: "https://127.20.0.10:6443",
  "certificate-authority-data": Buffer.from("PEM").toString("base64"),
};
const kubeconfig = (user: object) =>
  JSON.stringify({ clusters: [{ name: "c", cluster }], users: [{ name: "u", user }] });

describe("accessOf", () => {
  it("reads server, authority and token", () => {
    expect(accessOf(kubeconfig({ token: "t" }))).toEqual({
      endpoint: "https://127.20.0.10:6443",
      certificateAuthorityPem: "PEM",
      token: "t",
    });
  });

  it("refuses a kubeconfig that logs in to a real cluster, without showing it", () => {
    expect(() => accessOf(kubeconfig({ exec: { command: "aws", secret: "s3cret" } }))).toThrow(
      /expected the rehearsal's/,
    );
    expect(() => accessOf(kubeconfig({ exec: { command: "aws", secret: "s3cret" } }))).not.toThrow(/s3cret/);
  });
});
