/** Where a real Redis is found in Debian's and Ubuntu's packages when they are only unpacked, not installed. */
export const DEBIAN_REDIS = {
  /** Fetched with `apt-get download` and unpacked with `dpkg-deb -x` into one tree; all else that it needs is in every system. */
  packages: ["redis-tools", "libatomic1", "libjemalloc2", "liblzf1"],
  /** Debian ships the server under the name of its checker; which one it is depends on the name it is called by. */
  binary: "usr/bin/redis-check-rdb",
  /** The link that has to point to `binary`. */
  link: "usr/bin/redis-server",
} as const;

/** A shell script that runs the server out of the tree beside it, wherever both are. */
export const debianLauncher = `#!/bin/sh
tree=$(dirname "$(readlink -f "$0")")/tree
libraries=$(echo "$tree"/usr/lib/*-linux-gnu)
LD_LIBRARY_PATH="$libraries" exec "$tree/${DEBIAN_REDIS.link}" "$@"
`;
