import { DEBIAN_REDIS, debianLauncher } from "./redis/debian.ts";
import type { Platform, Tool } from "./tool.ts";

const PULUMI = "3.255.0";
const KUBERNETES = "1.33.0";
const ETCD = "3.6.4";
const HELM = "3.19.0";
const PROMETHEUS = "3.5.0";
const KUBE_SCORE = "1.19.0";
/** The in-memory server that stands in where no real Redis can be had. */
const MINIREDIS = "2.40.0";

/** Go's names of a platform, which most projects use in their archives' names. */
const go = ({ os, arch }: Platform) => ({ os, arch: arch === "x64" ? "amd64" : "arm64" });

const GITHUB = "https://github.com";
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
      checksums: () => `${GITHUB}/pulumi/pulumi/releases/download/v${PULUMI}/pulumi-${PULUMI}-checksums.txt`,
      members: () => ["pulumi/pulumi", "pulumi/pulumi-language-nodejs"],
    },
  },
  ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(kubernetes),
  {
    name: "etcd",
    version: ETCD,
    ask: ["--version"],
    accepts: (version) => /^3\.[56]\./.test(version),
    build: { module: "etcd", package: "go.etcd.io/etcd/server/v3", ldflags: [] },
    download: {
      url: (platform) => (platform.os === "linux" ? `${etcdRelease}/${etcdArchive(platform)}.tar.gz` : undefined),
      checksums: () => `${etcdRelease}/SHA256SUMS`,
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
      checksums: (platform) =>
        `https://get.helm.sh/helm-v${HELM}-${go(platform).os}-${go(platform).arch}.tar.gz.sha256sum`,
      members: (platform) => [`${go(platform).os}-${go(platform).arch}/helm`],
    },
  },
  ...["prometheus", "promtool"].map(prometheus),
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
      checksums: () => `${kubeScoreRelease}/checksums.txt`,
      members: () => ["kube-score"],
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
];

const etcdRelease = `${GITHUB}/etcd-io/etcd/releases/download/v${ETCD}`;

function etcdArchive(platform: Platform): string {
  return `etcd-v${ETCD}-${go(platform).os}-${go(platform).arch}`;
}

const kubeScoreRelease = `${GITHUB}/zegl/kube-score/releases/download/v${KUBE_SCORE}`;

function kubeScoreArchive(platform: Platform): string {
  return `kube-score_${KUBE_SCORE}_${go(platform).os}_${go(platform).arch}`;
}

function kubernetes(name: string): Tool {
  const [major, minor] = KUBERNETES.split(".");
  // The project publishes the servers for Linux only.
  const url = ({ os, arch }: Platform) =>
    os === "linux" ? `https://dl.k8s.io/v${KUBERNETES}/bin/linux/${go({ os, arch }).arch}/${name}` : undefined;
  return {
    name,
    version: KUBERNETES,
    ask: ["--version"],
    accepts: (version) => version.startsWith(`${major}.${minor}.`),
    build: {
      module: "kubernetes",
      package: `k8s.io/kubernetes/cmd/${name}`,
      ldflags: [
        `-X ${COMPONENT_VERSION}.gitVersion=v${KUBERNETES}`,
        `-X ${COMPONENT_VERSION}.gitMajor=${major}`,
        `-X ${COMPONENT_VERSION}.gitMinor=${minor}`,
      ],
    },
    download: { url, checksums: (platform) => `${url(platform)}.sha256`, members: () => [] },
  };
}

function prometheus(name: string): Tool {
  const release = `${GITHUB}/prometheus/prometheus/releases/download/v${PROMETHEUS}`;
  const archive = (platform: Platform) => `prometheus-${PROMETHEUS}.${go(platform).os}-${go(platform).arch}`;
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
    download: {
      url: (platform) => `${release}/${archive(platform)}.tar.gz`,
      checksums: () => `${release}/sha256sums.txt`,
      members: (platform) => [`${archive(platform)}/${name}`],
    },
  };
}
