import type { Answer, RecordType } from "dns-packet";
import type { NameRecord } from "../services.ts";
import { chooseWeighted } from "./random.ts";

export interface NameTable {
  /** The records of every zone. */
  readonly records: readonly NameRecord[];
  /** The address of each name that AWS itself serves. */
  readonly addresses: ReadonlyMap<string, string>;
}

export interface Reply {
  readonly code: "NOERROR" | "NXDOMAIN";
  readonly answers: readonly Answer[];
}

/** Short, so that a cutover is seen at once. */
const TTL_SECONDS = 1;
const MAX_HOPS = 8;

/** What Route 53 answers: aliases resolved, CNAMEs followed, one of a weighted set; NXDOMAIN for a name nobody holds. */
export function replyTo(name: string, type: RecordType, table: NameTable, random: () => number, hops = 0): Reply {
  const wanted = canonical(name);
  const held = table.records.filter((record) => canonical(record.name) === wanted);
  const address = table.addresses.get(wanted);
  if (held.length === 0 && address === undefined) return { code: "NXDOMAIN", answers: [] };
  const fixed: Answer[] = address !== undefined && type === "A" ? [addressAnswer(name, address)] : [];
  const record = oneOf(held, type, random);
  if (record?.aliasTo !== undefined)
    return { code: "NOERROR", answers: aliasAnswers(name, record.aliasTo, type, table) };
  if (record !== undefined)
    return { code: "NOERROR", answers: record.values.map((value) => answerOf(name, record.type, value)) };
  const link = type === "CNAME" ? undefined : oneOf(held, "CNAME", random)?.values[0];
  if (link === undefined || hops === MAX_HOPS) return { code: "NOERROR", answers: fixed };
  const further = replyTo(link, type, table, random, hops + 1);
  return { code: "NOERROR", answers: [answerOf(name, "CNAME", link), ...further.answers] };
}

/** Lower case and without the trailing dot: two spellings of one name are equal. */
export function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function oneOf(held: readonly NameRecord[], type: RecordType, random: () => number): NameRecord | undefined {
  const choices = held.filter((record) => record.type === type);
  return chooseWeighted(
    choices.map((record) => ({ record, weight: record.weight ?? 1 })),
    random,
  )?.record;
}

function aliasAnswers(name: string, target: string, type: RecordType, table: NameTable): Answer[] {
  // AWS serves a load balancer's name with this prefix as well.
  const address = table.addresses.get(canonical(target).replace(/^dualstack\./, ""));
  return address === undefined || type !== "A" ? [] : [addressAnswer(name, address)];
}

function addressAnswer(name: string, data: string): Answer {
  return { type: "A", name, ttl: TTL_SECONDS, data };
}

function answerOf(name: string, type: NameRecord["type"], value: string): Answer {
  const base = { name, ttl: TTL_SECONDS };
  switch (type) {
    case "TXT":
      return { ...base, type, data: value.replace(/^"(.*)"$/, "$1") };
    case "CAA":
      return { ...base, type, data: authorisation(value) };
    case "CNAME":
    case "NS":
      return { ...base, type, data: canonical(value) };
    default:
      return { ...base, type, data: value };
  }
}

/** `0 issue "amazon.com"`, as Route 53 writes it. */
function authorisation(value: string): { flags: number; tag: "issue" | "issuewild" | "iodef"; value: string } {
  const [flags, tag, quoted = ""] = value.split(/\s+/);
  if (tag !== "issue" && tag !== "issuewild" && tag !== "iodef") throw new Error(`CAA record ${JSON.stringify(value)}`);
  return { flags: Number(flags), tag, value: quoted.replace(/^"(.*)"$/, "$1") };
}
