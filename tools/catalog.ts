import type { Platform, Tool } from "./tool.ts";

/** Where a real Redis is found in Debian's and Ubuntu's packages when they are only unpacked, not installed. */
const DEBIAN_REDIS = {
  /** Fetched with `apt-get download` and unpacked with `dpkg-deb -x` into one tree; all else that it needs is in every system. */
  packages: ["redis-tools", "libatomic1", "libjemalloc2", "liblzf1"],
  /** Debian ships the server under the name of its checker; which one it is depends on the name it is called by. */
  binary: "usr/bin/redis-check-rdb",
  /** The link that has to point to `binary`. */
  link: "usr/bin/redis-server",
} as const;

/** A shell script that runs the server out of the tree beside it, wherever both are. */
const debianLauncher = `#!/bin/sh
tree=$(dirname "$(readlink -f "$0")")/tree
libraries=$(echo "$tree"/usr/lib/*-linux-gnu)
LD_LIBRARY_PATH="$libraries" exec "$tree/${DEBIAN_REDIS.link}" "$@"
`;

const PULUMI = "3.255.0";
const KUBERNETES = "1.35.4";
/** The minor versions beside it: what begins an upgrade, and what comes next. Got only when one is asked for. */
const OTHER_KUBERNETES = ["1.34.4", "1.36.3"];
/** What of Kubernetes a control plane is made of. */
export const KUBERNETES_PROGRAMS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const ETCD = "3.6.4";
const HELM = "3.19.0";
const PROMETHEUS = "3.5.0";
const ALERTMANAGER = "0.28.1";
const KUBE_SCORE = "1.19.0";
/** The checker of GitHub's workflows. */
const ACTIONLINT = "1.7.12";
/** Pulumi's own Kubernetes provider as of 15 January 2026: of its Go module no other version can be had. */
const KUBERNETES_PROVIDER = "4.24.0-f47bc2d6f199";
/** What the engine asks for by the version of @pulumi/kubernetes; what the plugin says of itself must not be older. */
const KUBERNETES_PLUGIN = "4.34.2+f47bc2d6f199";
/** The in-memory server that stands in where no real Redis can be had. */
const MINIREDIS = "2.40.0";
/** The server of S3's protocol that a stack's state is kept on in tests. */
const GOFAKES3 = "1.2.0";
/** The distribution project's own registry, which tests ask for images and signatures. */
const REGISTRY = "3.0.0";
/** A registry that lists what refers to an image, which that one does not. */
const REFERRERS = "0.20.7";

/** Go's names of a platform, which most projects use in their archives' names. */
const go = ({ os, arch }: Platform) => ({ os, arch: arch === "x64" ? "amd64" : "arm64" });

const GITHUB = "https://github.com";
const KUBERNETES_PROVIDER_MODULE = "github.com/pulumi/pulumi-kubernetes/provider/v4";
const COMPONENT_VERSION = "k8s.io/component-base/version";

/** Every command-line tool that no package registry ships as a binary, with all the ways to come by it. */
export const CATALOG: readonly Tool[] = [
  {
    name: "pulumi",
    version: PULUMI,
    ask: ["version"],
    // Hooks and engine events are those of the SDK's own release.
    accepts: (version) => version.startsWith("3.") && Number(version.split(".")[1]) >= 255,
    build: {
      module: "pulumi",
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      ldflags: [`-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${PULUMI}`],
    },
    download: {
      url: ({ os, arch }) => `https://get.pulumi.com/releases/sdk/pulumi-v${PULUMI}-${os}-${arch}.tar.gz`,
      sha256: {
        "linux-x64": "cf559568e2c32f7fae56ea3de8ae5fa48973ba8c5aa9dd2b3dc0c8898fe50dba",
        "linux-arm64": "699fbc6ea848d997e9b3645487f108d27b1b55ec807c7576406131e6e080f0e3",
      },
      members: () => ["pulumi/pulumi", "pulumi/pulumi-language-nodejs"],
    },
  },
  ...KUBERNETES_PROGRAMS.map((program) => kubernetes(program)),
  ...OTHER_KUBERNETES.flatMap((version) => KUBERNETES_PROGRAMS.map((program) => otherKubernetes(program, version))),
  {
    name: "etcd",
    version: ETCD,
    ask: ["--version"],
    accepts: (version) => /^3\.[56]\./.test(version),
    build: { module: "etcd", package: "go.etcd.io/etcd/server/v3", ldflags: [] },
    download: {
      url: (platform) => `${etcdRelease}/${etcdArchive(platform)}.tar.gz`,
      sha256: {
        "linux-x64": "4d5f3101daa534e45ccaf3eec8d21c19b7222db377bcfd5e5a9144155238c105",
        "linux-arm64": "323421fa279f4f3d7da4c7f2dfa17d9e49529cb2b4cdf40899a7416bccdde42d",
      },
      members: (platform) => [`${etcdArchive(platform)}/etcd`],
    },
  },
  {
    name: "helm",
    version: HELM,
    ask: ["version", "--short"],
    accepts: (version) => version.startsWith("3.") && Number(version.split(".")[1]) >= 17,
    build: {
      module: "helm",
      package: "helm.sh/helm/v3/cmd/helm",
      ldflags: [`-X helm.sh/helm/v3/internal/version.version=v${HELM}`],
    },
    download: {
      url: (platform) => `https://get.helm.sh/helm-v${HELM}-${go(platform).os}-${go(platform).arch}.tar.gz`,
      sha256: {
        "linux-x64": "a7f81ce08007091b86d8bd696eb4d86b8d0f2e1b9f6c714be62f82f96a594496",
        "linux-arm64": "440cf7add0aee27ebc93fada965523c1dc2e0ab340d4348da2215737fc0d76ad",
        "darwin-x64": "09a108c0abda42e45af172be65c49125354bf7cd178dbe10435e94540e49c7b9",
        "darwin-arm64": "31513e1193da4eb4ae042eb5f98ef9aca7890cfa136f4707c8d4f70e2115bef6",
      },
      members: (platform) => [`${go(platform).os}-${go(platform).arch}/helm`],
    },
  },
  ...["prometheus", "promtool"].map(prometheus),
  {
    name: "alertmanager",
    version: ALERTMANAGER,
    ask: ["--version"],
    accepts: (version) => version.startsWith("0.") && Number(version.split(".")[1]) >= 28,
    build: {
      module: "alertmanager",
      package: "github.com/prometheus/alertmanager/cmd/alertmanager",
      ldflags: [`-X github.com/prometheus/common/version.Version=${ALERTMANAGER}`],
    },
  },
  {
    name: "kube-score",
    version: KUBE_SCORE,
    ask: ["version"],
    // Other releases make other checks, which the exemptions do not answer.
    accepts: (version) => version === KUBE_SCORE,
    build: {
      module: "kube-score",
      package: "github.com/zegl/kube-score/cmd/kube-score",
      ldflags: [`-X main.version=${KUBE_SCORE}`],
    },
    download: {
      url: (platform) => `${kubeScoreRelease}/${kubeScoreArchive(platform)}.tar.gz`,
      sha256: { "linux-x64": "a5b10e509bd845f0bc32a529f4e8165c021877f924ee6f6be66678039f75a761" },
      members: () => ["kube-score"],
    },
  },
  {
    name: "actionlint",
    version: ACTIONLINT,
    ask: ["-version"],
    // An older one does not know what GitHub has added to workflows since.
    accepts: (version) => /^1\.(7\.(1[2-9]|[2-9]\d)|[89]\.|\d\d\.)/.test(version),
    build: {
      module: "actionlint",
      package: "github.com/rhysd/actionlint/cmd/actionlint",
      ldflags: [`-X github.com/rhysd/actionlint.version=${ACTIONLINT}`],
    },
    download: {
      url: (platform) => `${actionlintRelease}/${actionlintArchive(platform)}.tar.gz`,
      sha256: { "linux-x64": "8aca8db96f1b94770f1b0d72b6dddcb1ebb8123cb3712530b08cc387b349a3d8" },
      members: () => ["actionlint"],
    },
  },
  {
    name: "redis-server",
    version: MINIREDIS,
    ask: ["--version"],
    // TLS came with 6.0; 6.2 is the oldest that is still kept.
    accepts: (version) => Number(version.split(".")[0]) >= 7 || version.startsWith("6.2"),
    build: { module: "redis", package: "./miniredis-server", ldflags: [], program: "miniredis-server" },
    debian: {
      names: DEBIAN_REDIS.packages,
      binary: DEBIAN_REDIS.binary,
      link: DEBIAN_REDIS.link,
      launcher: debianLauncher,
    },
  },
  {
    name: "gofakes3",
    version: GOFAKES3,
    // It tells no version, so one on PATH is never taken.
    ask: ["-help"],
    accepts: (version) => version.startsWith("1."),
    build: { module: "s3", package: "github.com/johannesboyne/gofakes3/cmd/gofakes3", ldflags: [] },
  },
  {
    name: "registry",
    version: REGISTRY,
    ask: ["--version"],
    accepts: (version) => version.startsWith("3."),
    build: {
      module: "registry",
      package: "github.com/distribution/distribution/v3/cmd/registry",
      ldflags: [`-X github.com/distribution/distribution/v3/version.version=v${REGISTRY}`],
    },
  },
  {
    name: "referrers-registry",
    version: REFERRERS,
    ask: ["--version"],
    accepts: (version) => version === REFERRERS,
    build: { module: "referrers", package: "./referrers-registry", ldflags: [] },
  },
  {
    name: "pulumi-resource-kubernetes",
    version: KUBERNETES_PROVIDER,
    // It tells no version, so one on PATH is never taken.
    ask: ["-help"],
    accepts: (version) => version.startsWith("4."),
    build: {
      module: "kubernetes-provider",
      package: "./pulumi-resource-kubernetes",
      ldflags: [`-X ${KUBERNETES_PROVIDER_MODULE}/pkg/version.Version=${KUBERNETES_PLUGIN}`],
    },
  },
];

/** The tools that the project and its checks use: all but those that only who asks for one by name waits for. */
export const EVERYDAY: readonly string[] = CATALOG.filter(({ isOnDemand = false }) => !isOnDemand).map(
  ({ name }) => name,
);

const etcdRelease = `${GITHUB}/etcd-io/etcd/releases/download/v${ETCD}`;

function etcdArchive(platform: Platform): string {
  return `etcd-v${ETCD}-${go(platform).os}-${go(platform).arch}`;
}

const actionlintRelease = `${GITHUB}/rhysd/actionlint/releases/download/v${ACTIONLINT}`;

function actionlintArchive(platform: Platform): string {
  return `actionlint_${ACTIONLINT}_${go(platform).os}_${go(platform).arch}`;
}

const kubeScoreRelease = `${GITHUB}/zegl/kube-score/releases/download/v${KUBE_SCORE}`;

function kubeScoreArchive(platform: Platform): string {
  return `kube-score_${KUBE_SCORE}_${go(platform).os}_${go(platform).arch}`;
}

/** Of which minor versions of Kubernetes, such as `1.35`, the programs are pinned, the oldest first. */
export const KUBERNETES_VERSIONS: readonly string[] = [KUBERNETES, ...OTHER_KUBERNETES].map(minorOf).sort(byMinor);

/** The catalog's name of a program of a minor version of Kubernetes; undefined for a version that is not pinned. */
export function kubernetesTool(program: KubernetesProgram, minor: string): string | undefined {
  if (!KUBERNETES_VERSIONS.includes(minor)) return undefined;
  return minor === minorOf(KUBERNETES) ? program : `${program}-${minor}`;
}

export type KubernetesProgram = (typeof KUBERNETES_PROGRAMS)[number];

function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

function byMinor(one: string, other: string): number {
  return Number(one.split(".")[1]) - Number(other.split(".")[1]);
}

function kubernetes(name: string, version = KUBERNETES): Tool {
  const [major, minor] = version.split(".");
  return {
    name,
    version,
    ask: ["--version"],
    accepts: (found) => found.startsWith(`${major}.${minor}.`),
    build: {
      module: "kubernetes",
      package: `k8s.io/kubernetes/cmd/${name}`,
      ldflags: [
        `-X ${COMPONENT_VERSION}.gitVersion=v${version}`,
        `-X ${COMPONENT_VERSION}.gitMajor=${major}`,
        `-X ${COMPONENT_VERSION}.gitMinor=${minor}`,
      ],
    },
  };
}

function otherKubernetes(program: KubernetesProgram, version: string): Tool {
  const tool = kubernetes(program, version);
  const build = { ...tool.build, module: `kubernetes-${minorOf(version)}` };
  return { ...tool, name: `${program}-${minorOf(version)}`, build, isOnDemand: true };
}

function prometheus(name: string): Tool {
  return {
    name,
    version: PROMETHEUS,
    ask: ["--version"],
    accepts: (version) => version.startsWith("3."),
    build: {
      module: "prometheus",
      package: `github.com/prometheus/prometheus/cmd/${name}`,
      ldflags: [`-X github.com/prometheus/common/version.Version=${PROMETHEUS}`],
    },
  };
}
