import { Matcher, matching, mismatches, optional, parsedOnce, type Shape, type World } from "./shape.ts";

/**
 * The arguments by which the AWS command line gives a token for this stack's cluster, and for no other; the component puts
 * the region first (https://github.com/pulumi/pulumi-eks, `generateKubeconfig`).
 */
const tokenArguments = new Matcher("aws eks get-token of the stack's cluster", (value, { config, stack }) => {
  if (!Array.isArray(value) || !value.every((argument) => typeof argument === "string")) return false;
  const allowed = [` --region ${config.region} `, " --output json "];
  const left = allowed.reduce((words, option) => words.replace(option, " "), ` ${value.join(" ")} `);
  return left.trim() === `eks get-token --cluster-name sparki-${stack}`;
});

/** A user who asks the AWS command line, as EKS's do, or whose token is there, as in a rehearsal; no other command runs. */
const USERS: readonly Shape[] = [
  {
    exec: {
      apiVersion: matching("a version of the client's protocol", /^client\.authentication\.k8s\.io\/v1(beta1)?$/),
      command: "aws",
      args: tokenArguments,
      env: optional(
        new Matcher("what the protocol needs", (value, world) =>
          [value].flat().every((one) => mismatches(() => one, PROTOCOL, world).length === 0),
        ),
      ),
      interactiveMode: optional(matching("a mode", /^(IfAvailable|Never)$/)),
      provideClusterInfo: optional(false),
    },
  },
  { token: matching("a token", /^[\w.~+/=-]+$/) },
];
const PROTOCOL: Shape = {
  name: "KUBERNETES_EXEC_INFO",
  value: matching("JSON", /^\{"apiVersion": ?"client\.authentication\.k8s\.io\/v1(beta1)?"\}$/),
};
const CLUSTER = ["cluster-eks-eksCluster"];
const SHAPE: Shape = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    {
      name: "kubernetes",
      cluster: {
        server: new Matcher(
          "the API of a cluster of EKS in the stack's region",
          (value, world) =>
            typeof value === "string" &&
            serverOf(world.config.region).test(value) &&
            // What is kept as it was may be of a cluster that has changed since.
            (world.bound.kept?.includes("stdin") === true || world.tells?.(CLUSTER, value, world) !== false),
        ),
        "certificate-authority-data": matching("a certificate in base64", /^[A-Za-z0-9+/=]+$/),
      },
    },
  ],
  contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
  "current-context": "aws",
  users: [
    {
      name: "aws",
      user: new Matcher("a user of EKS", (value, world) =>
        USERS.some((shape) => mismatches(() => value, shape, world).length === 0),
      ),
    },
  ],
};

/** EKS's own names; a rehearsal's cluster listens on this machine alone. */
const serverOf = (region: string) =>
  new RegExp(
    `^https://([A-Z0-9]{8,40}\\.[a-z0-9]{1,8}\\.${region}\\.eks\\.amazonaws\\.com|127(\\.\\d{1,3}){3}:\\d{1,5})$`,
    "i",
  );

/** How the engine and the database's jobs reach this stack's cluster: no file, no proxy, and no command but AWS's own. */
export const KUBECONFIG = new Matcher("a kubeconfig of the stack's cluster", (value: unknown, world: World) => {
  const parsed = typeof value === "string" ? parsedOnce(value) : undefined;
  return parsed !== undefined && mismatches(() => parsed, SHAPE, world).length === 0;
});
