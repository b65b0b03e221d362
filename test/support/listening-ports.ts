import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ListeningPort {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** The command of the process that listens. */
  readonly process: string;
}

const LISTENS = { tcp: "0A", udp: "07" } as const;

/** Every port on which a process listens whose environment, arguments or working directory hold the mark. */
export function listeningPorts(mark: string): readonly ListeningPort[] {
  const owners = new Map<string, string>();
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const command = commandMarked(pid, mark);
    if (command !== undefined) for (const inode of socketsOf(pid)) owners.set(inode, command);
  }
  return (["tcp", "udp"] as const).flatMap((protocol) => {
    const rows = readFileSync(`/proc/net/${protocol}`, "latin1").split("\n").slice(1);
    return rows.flatMap((row) => {
      const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/\s+/);
      const process = owners.get(inode);
      if (state !== LISTENS[protocol] || process === undefined) return [];
      const [address = "", port = ""] = local.split(":");
      return [{ protocol, address: dotted(address), port: Number.parseInt(port, 16), process }];
    });
  });
}

function commandMarked(pid: string, mark: string): string | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const marks = [command, readFileSync(`/proc/${pid}/environ`, "utf8"), readlinkSync(`/proc/${pid}/cwd`)];
    return marks.some((text) => text.includes(mark)) ? command : undefined;
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

function dotted(hex: string): string {
  return Buffer.from(hex, "hex").reverse().join(".");
}
